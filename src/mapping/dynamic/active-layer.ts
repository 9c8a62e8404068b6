import { totalUnrolling, type SpatialMapping } from '../mapping/spatial.js';
import { distinctIndices, loopSize, type Layer, type Relation } from '../workload/layer.js';

/** The loops that walk over pixels; all others know nothing of which are active. */
const ROWS = 'OY';
const COLUMNS = 'OX';

/** Neighbouring pixels that an array computes side by side. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

export const ONE_PIXEL: Tile = { rows: 1, columns: 1 };

/** The tile of a spatial mapping: one pixel, unless it unrolls over pixels. */
export function tileOf(spatialMapping: SpatialMapping): Tile {
  const [rows, columns] = [ROWS, COLUMNS].map((dim) =>
    Math.ceil(totalUnrolling(spatialMapping, dim)),
  );
  return { rows, columns };
}

/**
 * The layer as it is when it works through a list of active pixels: its columns are the list. Where the
 * array is unrolled over pixels, it computes whole tiles of neighbours, idle ones among them; over
 * channels or the kernel it loses nothing.
 *
 * @param tiles on the list
 * @param read pixels of the input that it reads for them
 */
export function activeLayer(
  layer: Layer,
  { rows, columns }: Tile,
  tiles: number,
  read: number,
): Layer {
  const sizes: Readonly<Record<string, number>> = { [ROWS]: rows, [COLUMNS]: tiles * columns };
  const loops = layer.loops.map(({ dim, size }) => ({ dim, size: sizes[dim] ?? size }));
  return { ...layer, loops, relations: activeRelations({ ...layer, loops }, read) };
}

/** Relations that let the input have no more elements than the list's pixels read. */
function activeRelations(layer: Layer, active: number): Relation[] {
  const span = ({ dims, coefficients }: Relation): number =>
    distinctIndices(
      coefficients[0],
      loopSize(layer, dims[0]),
      coefficients[1],
      loopSize(layer, dims[1]),
    );
  const height = layer.relations
    .filter(({ dims }) => dims.includes(ROWS))
    .reduce((product, relation) => product * span(relation), 1);
  return layer.relations.map((relation) => {
    const whole = span(relation);
    const most = relation.dims.includes(COLUMNS) ? Math.ceil(active / height) : whole;
    return { ...relation, padding: [0, 0], size: Math.max(1, Math.min(whole, most)) };
  });
}
