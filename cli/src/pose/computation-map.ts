import type { LayerProfile } from 'tfjs-backend-dynconv';

/** How often each pixel of a grid over the picture was computed. */
export interface ComputationMap {
  height: number;
  width: number;
  /** Row-major; a share of a convolution where its pixels are finer than the grid's. */
  counts: Float32Array;
  /** The number of convolutions: what a pixel that is always computed counts. */
  convolutions: number;
}

/**
 * Adds the convolutions' maps of computed pixels up, on the finest grid that pixels were skipped on.
 *
 * @param layers profiled with `pixelMaps`, batch 1.
 * @param size height and width of the grid when nothing was skipped.
 */
export function computationMap(
  layers: readonly LayerProfile[],
  size: readonly [height: number, width: number],
): ComputationMap {
  const maps = layers.flatMap(({ filter, computed, outputShape: [, height, width], pixels }) =>
    filter && computed ? [{ computed, height, width, skips: pixels.active < pixels.total }] : [],
  );
  let [height, width] = size;
  const finest = maps
    .filter(({ skips }) => skips)
    .reduce((most, map) => Math.max(most, map.height * map.width), 0);
  for (const map of maps) {
    if (map.skips && map.height * map.width === finest) ({ height, width } = map);
  }
  const counts = new Float32Array(height * width);
  for (const map of maps) addResampled(counts, height, width, map);
  return { height, width, counts, convolutions: maps.length };
}

/** Adds a map to a grid: its mean where it is finer, its nearest pixel where it is coarser. */
function addResampled(
  counts: Float32Array,
  height: number,
  width: number,
  map: { computed: Uint8Array; height: number; width: number },
): void {
  for (let y = 0; y < height; y++) {
    const [top, bottom] = covered(y, height, map.height);
    for (let x = 0; x < width; x++) {
      const [left, right] = covered(x, width, map.width);
      let sum = 0;
      for (let v = top; v < bottom; v++) {
        for (let u = left; u < right; u++) sum += map.computed[v * map.width + u];
      }
      counts[y * width + x] += sum / ((bottom - top) * (right - left));
    }
  }
}

/** The map's cells, from and to, that a grid's cell lies on. */
function covered(cell: number, cells: number, mapCells: number): [from: number, to: number] {
  const from = Math.floor((cell * mapCells) / cells);
  return [from, Math.max(from + 1, Math.floor(((cell + 1) * mapCells) / cells))];
}
