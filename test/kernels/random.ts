/** A seeded generator of uniform numbers in [0, 1): a 32-bit state, mixed (Mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` float32 values in [-1, 1). */
export function uniform(next: () => number, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => 2 * next() - 1);
}

/** Each of the pixels 0 to `total` - 1 with probability `density`; at least one. */
export function randomSet(next: () => number, total: number, density: number): number[] {
  const pixels = Array.from({ length: total }, (_, p) => p).filter(() => next() < density);
  return pixels.length ? pixels : [Math.floor(next() * total)];
}
