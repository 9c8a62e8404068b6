/**
 * Pointwise kernels on rows of InChannels float32. Output row r reads the input rows of its pixel;
 * the results are clamped to [Min, Max]. The output may be an input, in place.
 */
import { Word } from './command';
import { flatRows, flatRows2, in2PixelRow, inPixelRow, inRow } from './rows';
import { outPixel, outRow, pointer, word } from './rows';
import { clamp, LANES, loadLanes, madd, storeLanes, storePair, VECTOR } from './vector';

/** The operations of two operands. Constant where used, so that one loop serves them all. */
const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const MAX: i32 = 3;
const MIN: i32 = 4;

@inline
function apply(operation: i32, a: v128, b: v128): v128 {
  if (operation == ADD) return f32x4.add(a, b);
  if (operation == SUB) return f32x4.sub(a, b);
  if (operation == MUL) return f32x4.mul(a, b);
  if (operation == MAX) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

/** out = clamp(leaky(in + in2)). Weights: the alphas of `f32_leaky`, one per channel; 0: all 1. */
export function f32_add(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  if (pointer(cmd, Word.Weights)) addLeaky(cmd, r0, r1);
  else binary(cmd, r0, r1, ADD);
}

/** out = clamp(in - in2) */
export function f32_sub(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  binary(cmd, r0, r1, SUB);
}

/** out = clamp(in * in2) */
export function f32_mul(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  binary(cmd, r0, r1, MUL);
}

/** out = clamp(max(in, in2)), NaN where either is */
export function f32_max(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  binary(cmd, r0, r1, MAX);
}

/** out = clamp(min(in, in2)), NaN where either is */
export function f32_min(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  binary(cmd, r0, r1, MIN);
}

@inline
function binary(cmd: usize, r0: i32, r1: i32, operation: i32): void {
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const channels = word(cmd, Word.InChannels);
  const flat = flatRows2(cmd, r0, r1) > 0;
  for (let r = r0; r < r1; ) {
    const rows = flat ? flatRows2(cmd, r, r1) : 1;
    const count = channels * rows;
    const rest = count & (LANES - 1);
    const p = outPixel(cmd, r);
    let a = inPixelRow(cmd, p);
    let b = in2PixelRow(cmd, p);
    let out = outRow(cmd, r);
    r += rows;
    const end = out + ((<usize>(count - rest)) << 2);
    for (; out + VECTOR < end; out += 32, a += 32, b += 32) {
      const x0 = apply(operation, v128.load(a), v128.load(b));
      const x1 = apply(operation, v128.load(a, 16), v128.load(b, 16));
      storePair(out, clamp(x0, lo, hi), clamp(x1, lo, hi));
    }
    if (out < end) {
      v128.store(out, clamp(apply(operation, v128.load(a), v128.load(b)), lo, hi));
      out += 16;
      a += 16;
      b += 16;
    }
    if (rest) {
      const x = apply(operation, loadLanes(a, rest), loadLanes(b, rest));
      storeLanes(out, clamp(x, lo, hi), rest);
    }
  }
}

/** out = clamp(in * in2), where in2 has one channel. */
export function f32_mul_pixel(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const channels = word(cmd, Word.InChannels);
  const rest = channels & (LANES - 1);
  for (let r = r0; r < r1; r++) {
    const p = outPixel(cmd, r);
    let a = inPixelRow(cmd, p);
    const factor = v128.load32_splat(in2PixelRow(cmd, p));
    let out = outRow(cmd, r);
    const end = out + ((<usize>(channels - rest)) << 2);
    for (; out + VECTOR < end; out += 32, a += 32) {
      const x0 = f32x4.mul(v128.load(a), factor);
      const x1 = f32x4.mul(v128.load(a, 16), factor);
      storePair(out, clamp(x0, lo, hi), clamp(x1, lo, hi));
    }
    if (out < end) {
      v128.store(out, clamp(f32x4.mul(v128.load(a), factor), lo, hi));
      out += 16;
      a += 16;
    }
    if (rest) storeLanes(out, clamp(f32x4.mul(loadLanes(a, rest), factor), lo, hi), rest);
  }
}

/**
 * out = clamp(in * scale + offset), a scale and an offset per channel: Weights (0: all 1) and Bias
 * (0: all 0). Param0 = 1: one scale and one offset for all channels.
 */
export function f32_affine(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const scales = pointer(cmd, Word.Weights);
  const offsets = pointer(cmd, Word.Bias);
  const shared = word(cmd, Word.Param0);
  const firstScale = shared && scales ? v128.load32_splat(scales) : f32x4.splat(1);
  const firstOffset = shared && offsets ? v128.load32_splat(offsets) : f32x4.splat(-0.0);
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const channels = word(cmd, Word.InChannels);
  const flat = flatRows(cmd, r0, r1) > 0;
  let a: usize = 0;
  let out: usize = 0;
  /** Where the run of rows that `a` and `out` are in ends. */
  let until = r0;
  for (let r = r0; r < r1; ) {
    if (r == until) {
      until = r + (flat ? flatRows(cmd, r, r1) : 1);
      a = inPixelRow(cmd, outPixel(cmd, r));
      out = outRow(cmd, r);
    }
    const rows = shared ? until - r : 1;
    const count = channels * rows;
    const rest = count & (LANES - 1);
    r += rows;
    const end = out + ((<usize>(count - rest)) << 2);
    if (shared) {
      for (; out < end; out += 16, a += 16) {
        v128.store(out, clamp(madd(v128.load(a), firstScale, firstOffset), lo, hi));
      }
      if (rest) {
        storeLanes(out, clamp(madd(loadLanes(a, rest), firstScale, firstOffset), lo, hi), rest);
      }
    } else {
      let at: usize = 0;
      if (scales && offsets) {
        for (; out + VECTOR < end; out += 32, a += 32, at += 32) {
          const x0 = madd(v128.load(a), v128.load(scales + at), v128.load(offsets + at));
          const x1 = madd(v128.load(a, 16), v128.load(scales + at, 16), v128.load(offsets + at, 16));
          storePair(out, clamp(x0, lo, hi), clamp(x1, lo, hi));
        }
      }
      for (; out < end; out += 16, a += 16, at += 16) {
        const scale = scales ? v128.load(scales + at) : firstScale;
        const offset = offsets ? v128.load(offsets + at) : firstOffset;
        v128.store(out, clamp(madd(v128.load(a), scale, offset), lo, hi));
      }
      if (rest) {
        const scale = scales ? loadLanes(scales + at, rest) : firstScale;
        const offset = offsets ? loadLanes(offsets + at, rest) : firstOffset;
        storeLanes(out, clamp(madd(loadLanes(a, rest), scale, offset), lo, hi), rest);
      }
    }
    a += (<usize>rest) << 2;
    out += (<usize>rest) << 2;
  }
}

/** out = clamp(in) */
export function f32_clamp(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const channels = word(cmd, Word.InChannels);
  const flat = flatRows(cmd, r0, r1) > 0;
  for (let r = r0; r < r1; ) {
    const rows = flat ? flatRows(cmd, r, r1) : 1;
    const count = channels * rows;
    const rest = count & (LANES - 1);
    let a = inPixelRow(cmd, outPixel(cmd, r));
    let out = outRow(cmd, r);
    r += rows;
    const end = out + ((<usize>(count - rest)) << 2);
    for (; out + VECTOR < end; out += 32, a += 32) {
      const x0 = v128.load(a);
      const x1 = v128.load(a, 16);
      storePair(out, clamp(x0, lo, hi), clamp(x1, lo, hi));
    }
    if (out < end) {
      v128.store(out, clamp(v128.load(a), lo, hi));
      out += 16;
      a += 16;
    }
    if (rest) storeLanes(out, clamp(loadLanes(a, rest), lo, hi), rest);
  }
}

/**
 * out = clamp(in < 0 ? in * alpha : in). Weights: the alphas, one per channel; Param0 = 1: one for
 * all channels.
 */
export function f32_leaky(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const alphas = pointer(cmd, Word.Weights);
  const shared = word(cmd, Word.Param0);
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const channels = word(cmd, Word.InChannels);
  const first = v128.load32_splat(alphas);
  const flat = flatRows(cmd, r0, r1) > 0;
  let a: usize = 0;
  let out: usize = 0;
  let until = r0;
  for (let r = r0; r < r1; ) {
    if (r == until) {
      until = r + (flat ? flatRows(cmd, r, r1) : 1);
      a = inPixelRow(cmd, outPixel(cmd, r));
      out = outRow(cmd, r);
    }
    const rows = shared ? until - r : 1;
    const count = channels * rows;
    const rest = count & (LANES - 1);
    r += rows;
    const end = out + ((<usize>(count - rest)) << 2);
    let alpha = alphas;
    if (shared) {
      for (; out + VECTOR < end; out += 32, a += 32) {
        const x0 = leaky(v128.load(a), first);
        const x1 = leaky(v128.load(a, 16), first);
        storePair(out, clamp(x0, lo, hi), clamp(x1, lo, hi));
      }
    } else {
      for (; out + VECTOR < end; out += 32, a += 32, alpha += 32) {
        const x0 = leaky(v128.load(a), v128.load(alpha));
        const x1 = leaky(v128.load(a, 16), v128.load(alpha, 16));
        storePair(out, clamp(x0, lo, hi), clamp(x1, lo, hi));
      }
    }
    if (out < end) {
      v128.store(out, clamp(leaky(v128.load(a), shared ? first : v128.load(alpha)), lo, hi));
      out += 16;
      a += 16;
      alpha += 16;
    }
    if (rest) {
      const x = leaky(loadLanes(a, rest), shared ? first : loadLanes(alpha, rest));
      storeLanes(out, clamp(x, lo, hi), rest);
      a += (<usize>rest) << 2;
      out += (<usize>rest) << 2;
    }
  }
}

function addLeaky(cmd: usize, r0: i32, r1: i32): void {
  const alphas = pointer(cmd, Word.Weights);
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const channels = word(cmd, Word.InChannels);
  const rest = channels & (LANES - 1);
  const flat = flatRows2(cmd, r0, r1) > 0;
  let a: usize = 0;
  let b: usize = 0;
  let out: usize = 0;
  let until = r0;
  for (let r = r0; r < r1; r++) {
    if (r == until) {
      until = r + (flat ? flatRows2(cmd, r, r1) : 1);
      const p = outPixel(cmd, r);
      a = inPixelRow(cmd, p);
      b = in2PixelRow(cmd, p);
      out = outRow(cmd, r);
    }
    let alpha = alphas;
    const end = out + ((<usize>(channels - rest)) << 2);
    for (; out + VECTOR < end; out += 32, a += 32, b += 32, alpha += 32) {
      const x0 = leaky(f32x4.add(v128.load(a), v128.load(b)), v128.load(alpha));
      const x1 = leaky(f32x4.add(v128.load(a, 16), v128.load(b, 16)), v128.load(alpha, 16));
      storePair(out, clamp(x0, lo, hi), clamp(x1, lo, hi));
    }
    if (out < end) {
      const x = leaky(f32x4.add(v128.load(a), v128.load(b)), v128.load(alpha));
      v128.store(out, clamp(x, lo, hi));
      out += 16;
      a += 16;
      b += 16;
      alpha += 16;
    }
    if (rest) {
      const x = leaky(f32x4.add(loadLanes(a, rest), loadLanes(b, rest)), loadLanes(alpha, rest));
      storeLanes(out, clamp(x, lo, hi), rest);
      a += (<usize>rest) << 2;
      b += (<usize>rest) << 2;
      out += (<usize>rest) << 2;
    }
  }
}

@inline
function leaky(x: v128, alpha: v128): v128 {
  return v128.bitselect(f32x4.mul(x, alpha), x, f32x4.lt(x, f32x4.splat(0)));
}

/**
 * The residual addition, in place: the output row of pixel OutPixels[r] = clamp(itself + input row
 * r). The output is dense.
 */
export function f32_add_at(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const channels = word(cmd, Word.InChannels);
  const rest = channels & (LANES - 1);
  for (let r = r0; r < r1; r++) {
    let a = inRow(cmd, r);
    let out = outRow(cmd, outPixel(cmd, r));
    const end = out + ((<usize>(channels - rest)) << 2);
    for (; out + VECTOR < end; out += 32, a += 32) {
      const x0 = f32x4.add(v128.load(out), v128.load(a));
      const x1 = f32x4.add(v128.load(out, 16), v128.load(a, 16));
      storePair(out, clamp(x0, lo, hi), clamp(x1, lo, hi));
    }
    if (out < end) {
      v128.store(out, clamp(f32x4.add(v128.load(out), v128.load(a)), lo, hi));
      out += 16;
      a += 16;
    }
    if (rest) {
      storeLanes(out, clamp(f32x4.add(loadLanes(out, rest), loadLanes(a, rest)), lo, hi), rest);
    }
  }
}

/** The output row of pixel OutPixels[r], clamped in place. The output is dense. */
export function f32_clamp_at(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const channels = word(cmd, Word.OutChannels);
  const rest = channels & (LANES - 1);
  for (let r = r0; r < r1; r++) {
    let out = outRow(cmd, outPixel(cmd, r));
    const end = out + ((<usize>(channels - rest)) << 2);
    for (; out < end; out += 16) v128.store(out, clamp(v128.load(out), lo, hi));
    if (rest) storeLanes(out, clamp(loadLanes(out, rest), lo, hi), rest);
  }
}
