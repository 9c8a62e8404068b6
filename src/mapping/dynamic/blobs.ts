import { Mask } from './mask.js';

/** Distance over which neighbouring pixels of a learned mask agree, in pixels of a map of 64 rows. */
const CORRELATION = 2;

/**
 * A mask in blobs with a given number of active pixels, for where only a density is known: the highest
 * pixels of smoothed noise, so that masks of more pixels contain those of fewer. The same seed makes the
 * same mask on every machine.
 */
export function blobs(rows: number, columns: number, active: number, seed: number): Mask {
  const heights = smoothNoise(rows, columns, seed);
  const order = Array.from(heights.keys()).sort((a, b) => heights[b] - heights[a] || a - b);
  const bits = new Uint8Array(rows * columns);
  for (const pixel of order.slice(0, Math.round(active))) bits[pixel] = 1;
  return new Mask(rows, columns, bits);
}

/** White noise under a box filter, twice, in integers, so that no machine rounds differently. */
function smoothNoise(rows: number, columns: number, seed: number): number[] {
  const random = generator(seed);
  let map = Array.from({ length: rows * columns }, () => random() & 0xffff);
  const radius = Math.max(1, Math.round((CORRELATION * Math.max(rows, columns)) / 64));
  for (let pass = 0; pass < 2; pass++) map = boxSum(map, rows, columns, radius);
  return map;
}

/** Sums over a square around each pixel; the map goes on at its opposite border. */
function boxSum(map: readonly number[], rows: number, columns: number, radius: number): number[] {
  const wrap = (index: number, size: number): number => ((index % size) + size) % size;
  const along = Array.from(map, (_, i) => {
    const row = Math.floor(i / columns) * columns;
    let sum = 0;
    for (let d = -radius; d <= radius; d++) sum += map[row + wrap((i % columns) + d, columns)];
    return sum;
  });
  return along.map((_, i) => {
    let sum = 0;
    for (let d = -radius; d <= radius; d++) {
      sum += along[wrap(Math.floor(i / columns) + d, rows) * columns + (i % columns)];
    }
    return sum;
  });
}

/** Marsaglia's xorshift with 32 bits. */
function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 88172645) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
