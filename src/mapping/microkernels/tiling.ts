import { loopSize, type Layer } from '../workload/layer.js';
import { stepCycles, type VectorUnits } from './step-cycles.js';
import { tileRows, type Microkernel, type Pipeline, type Tile } from '../hardware/microkernel.js';

/** Tiles of one kind into which a microkernel cuts a layer. */
export interface Tiling {
  readonly tile: Tile;
  /** How many of the vector loop's iterations each covers, idle ones among them. */
  readonly columns: number;
  /** Tiles one after the other along the rows, and along the loop over columns. */
  readonly along: readonly [rows: number, columns: number];
  /** Steps of a tile for each position of the filter. */
  readonly steps: number;
  readonly stepCycles: number;
}

/** A layer's extents, as microkernels see them. */
export interface Extents {
  /** Output pixels that are computed. */
  readonly rows: number;
  /** Positions of the filter. */
  readonly taps: number;
  /** Input channels of each output. */
  readonly depth: number;
}

export function extentsOf(layer: Layer): Extents {
  const size = (dim: string): number => loopSize(layer, dim);
  const isPooling = layer.inputs.length === 1;
  return {
    rows: size('B') * size('OY') * size('OX'),
    taps: size('FY') * size('FX'),
    depth: isPooling ? 1 : size('C'),
  };
}

/** Cuts a layer: as many whole tiles as there are, and the narrowest that holds what is left. */
export function tilingsOf(
  layer: Layer,
  { rows, depth }: Extents,
  microkernel: Microkernel,
  units: VectorUnits,
  pipeline: Pipeline,
): Tiling[] {
  const { vectorLoop, tiles } = microkernel;
  const isOverDepth = vectorLoop === 'C';
  const along = layer.relations.find(({ dim }) => dim === 'IX');
  const sliding = { width: loopSize(layer, 'FX'), stride: along?.coefficients[0] ?? 1 };
  const tiling = (tile: Tile, columns: number): Tiling => ({
    tile,
    columns: tile[vectorLoop] ?? 1,
    along: [Math.ceil(rows / tileRows(tile)), columns],
    steps: isOverDepth ? Math.ceil(depth / (tile.C ?? 1)) : depth,
    stepCycles: stepCycles(microkernel, tile, units, pipeline, sliding),
  });
  const [whole] = tiles;
  if (isOverDepth) return [tiling(whole, loopSize(layer, 'K'))];
  const width = whole[vectorLoop] ?? 1;
  const count = loopSize(layer, vectorLoop);
  const left = count % width;
  const narrow = tiles.findLast((tile) => (tile[vectorLoop] ?? 1) >= left) ?? whole;
  return [
    ...(count >= width ? [tiling(whole, Math.floor(count / width))] : []),
    ...(left > 0 ? [tiling(narrow, 1)] : []),
  ];
}
