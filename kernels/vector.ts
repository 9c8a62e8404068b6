/** Vectors of four float32 lanes: the few operations that the kernels share. */

/** Lanes of one vector. */
export const LANES: i32 = 4;
/** Bytes of one vector. */
export const VECTOR: usize = 16;

/** a * b + c: fused in the relaxed SIMD build, rounded twice in the other. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * x clamped to [min, max]; NaN stays NaN. One instruction a side: `pmax` and `pmin` return their
 * first operand when the comparison fails, as it does for NaN, so x comes first.
 */
@inline
export function clamp(x: v128, min: v128, max: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, min), max);
}

/** The first `count` (1 to 3) lanes at `ptr`, and zeros; reads nothing beyond them. */
@inline
export function loadLanes(ptr: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(ptr);
  const low = v128.load64_zero(ptr);
  return count == 2 ? low : v128.load32_lane(ptr, low, 2, 8);
}

/** Stores the first `count` (1 to 3) lanes of `x` at `ptr`; writes nothing beyond them. */
@inline
export function storeLanes(ptr: usize, x: v128, count: i32): void {
  if (count == 1) {
    v128.store32_lane(ptr, x, 0);
    return;
  }
  v128.store64_lane(ptr, x, 0);
  if (count == 3) v128.store32_lane(ptr, x, 2, 8);
}

/**
 * Stores two vectors side by side. V8 makes 256-bit operations of what two such stores, one right
 * after the other, depend on; so all of it is to be loaded before.
 */
@inline
export function storePair(ptr: usize, x0: v128, x1: v128): void {
  v128.store(ptr, x0);
  v128.store(ptr, x1, 16);
}

/** The sum of the lanes, in a fixed order. */
@inline
export function sumLanes(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/**
 * Never so: k counts down to 1 or 0. A branch on it behind each row of a tile splits the basic block, whose loads V8
 * hoists: it would run out of registers. k is compared with another number each time, so that no branch follows from
 * another. Without a fused multiply-add there is no register for more rows anyway.
 */
@inline
export function never(k: i32, place: i32): bool {
  return ASC_FEATURE_RELAXED_SIMD && k == -place;
}
