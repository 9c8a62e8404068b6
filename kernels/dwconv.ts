/** Depthwise convolution (one filter per channel), in tiles of 4 output pixels by 4 channels. */
import { Word } from './command';
import { float, inPixelRow, outPixel, outRow, pointer, word } from './rows';
import { clamp, LANES, madd } from './vector';
import { fillWindows, TAP_BYTES, taps, TILE } from './window';

/**
 * out[r][c] = clamp(bias[c] + sum over taps of in[tap][c] * weight[tap][c]). Weights [tap][channel]
 * and Bias (0: none) as TensorFlow lays them out; at most 4096 taps; InChannels = OutChannels.
 *
 * Four adjacent pixels of one image line share the columns that their windows overlap in, and every
 * weight is loaded once for four pixels. Whether rows are adjacent does not show in the result:
 * every output is accumulated tap by tap in the same order.
 */
export function f32_dwconv_4x4(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  const zero = pointer(cmd, Word.Zero);
  const narrow = word(cmd, Word.InChannels) < LANES;
  const kernelW = word(cmd, Word.KernelW);
  const slides =
    !narrow &&
    (kernelW == 3 || kernelW == 5) &&
    word(cmd, Word.StrideW) == 1 &&
    word(cmd, Word.DilationW) == 1;
  for (let r = r0; r < r1; r += TILE) {
    const rows = min(TILE, r1 - r);
    if (slides && rows == TILE && areAdjacent(cmd, r)) {
      fillColumns(cmd, r, scratch);
      if (kernelW == 3) slide3(cmd, scratch, r);
      else slide5(cmd, scratch, r);
    } else {
      fillWindows(cmd, r, rows, zero, scratch);
      if (narrow) scalars(cmd, scratch, r, rows);
      else tile(cmd, scratch, r, rows);
    }
  }
}

/** Whether output rows r to r + 3 are adjacent pixels of one image line (sets are ascending). */
function areAdjacent(cmd: usize, r: i32): bool {
  const p = outPixel(cmd, r);
  if (outPixel(cmd, r + TILE - 1) != p + TILE - 1) return false;
  const outW = word(cmd, Word.OutW);
  return (p % outW) + TILE <= outW;
}

/** The addresses of the input columns under four adjacent windows: [ky][KernelW + 3]. */
function fillColumns(cmd: usize, r: i32, dst: usize): void {
  const zero = pointer(cmd, Word.Zero);
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const columns = word(cmd, Word.KernelW) + TILE - 1;
  const p = outPixel(cmd, r);
  const line = p / outW;
  const n = line / outH;
  const left = p - line * outW - word(cmd, Word.PadLeft);
  let iy = (line - n * outH) * word(cmd, Word.StrideH) - word(cmd, Word.PadTop);
  for (let ky = word(cmd, Word.KernelH); ky; ky--, iy += word(cmd, Word.DilationH)) {
    const first = (n * inH + iy) * inW;
    for (let ix = left; ix < left + columns; ix++, dst += 4) {
      const inside = <u32>iy < <u32>inH && <u32>ix < <u32>inW;
      store<usize>(dst, inside ? inPixelRow(cmd, first + ix) : zero);
    }
  }
}

/** The channel after `c` to start a vector at: the last vector overlaps the one before. */
@inline
function nextChannel(c: i32, channels: i32): i32 {
  return c + LANES < channels ? min(c + LANES, channels - LANES) : channels;
}

/** Four adjacent pixels, windows three wide. */
function slide3(cmd: usize, columns: usize, r: i32): void {
  const channels = word(cmd, Word.InChannels);
  const kernelH = word(cmd, Word.KernelH);
  const weights = pointer(cmd, Word.Weights);
  const bias = pointer(cmd, Word.Bias);
  const pitch = (<usize>channels) << 2;
  const out0 = outRow(cmd, r);
  const out1 = outRow(cmd, r + 1);
  const out2 = outRow(cmd, r + 2);
  const out3 = outRow(cmd, r + 3);
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  for (let c = 0; c < channels; c = nextChannel(c, channels)) {
    const offset = (<usize>c) << 2;
    let s0 = bias ? v128.load(bias + offset) : f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let w = weights + offset;
    let column = columns;
    for (let ky = kernelH; ky; ky--) {
      const w0 = v128.load(w);
      w += pitch;
      const w1 = v128.load(w);
      w += pitch;
      const w2 = v128.load(w);
      w += pitch;
      const x0 = v128.load(load<usize>(column) + offset);
      const x1 = v128.load(load<usize>(column, 4) + offset);
      const x2 = v128.load(load<usize>(column, 8) + offset);
      const x3 = v128.load(load<usize>(column, 12) + offset);
      const x4 = v128.load(load<usize>(column, 16) + offset);
      const x5 = v128.load(load<usize>(column, 20) + offset);
      column += 24;
      s0 = madd(x2, w2, madd(x1, w1, madd(x0, w0, s0)));
      s1 = madd(x3, w2, madd(x2, w1, madd(x1, w0, s1)));
      s2 = madd(x4, w2, madd(x3, w1, madd(x2, w0, s2)));
      s3 = madd(x5, w2, madd(x4, w1, madd(x3, w0, s3)));
    }
    v128.store(out0 + offset, clamp(s0, lo, hi));
    v128.store(out1 + offset, clamp(s1, lo, hi));
    v128.store(out2 + offset, clamp(s2, lo, hi));
    v128.store(out3 + offset, clamp(s3, lo, hi));
  }
}

/** Four adjacent pixels, windows five wide. */
function slide5(cmd: usize, columns: usize, r: i32): void {
  const channels = word(cmd, Word.InChannels);
  const kernelH = word(cmd, Word.KernelH);
  const weights = pointer(cmd, Word.Weights);
  const bias = pointer(cmd, Word.Bias);
  const pitch = (<usize>channels) << 2;
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  for (let c = 0; c < channels; c = nextChannel(c, channels)) {
    const offset = (<usize>c) << 2;
    let s0 = bias ? v128.load(bias + offset) : f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let w = weights + offset;
    let column = columns;
    for (let ky = kernelH; ky; ky--) {
      let x0 = v128.load(load<usize>(column) + offset);
      let x1 = v128.load(load<usize>(column, 4) + offset);
      let x2 = v128.load(load<usize>(column, 8) + offset);
      // The columns move through registers by one a tap.
      for (let kx = 5; kx; kx--) {
        const x3 = v128.load(load<usize>(column, 12) + offset);
        const w0 = v128.load(w);
        s0 = madd(x0, w0, s0);
        s1 = madd(x1, w0, s1);
        s2 = madd(x2, w0, s2);
        s3 = madd(x3, w0, s3);
        x0 = x1;
        x1 = x2;
        x2 = x3;
        w += pitch;
        column += 4;
      }
      column += 12;
    }
    v128.store(outRow(cmd, r) + offset, clamp(s0, lo, hi));
    v128.store(outRow(cmd, r + 1) + offset, clamp(s1, lo, hi));
    v128.store(outRow(cmd, r + 2) + offset, clamp(s2, lo, hi));
    v128.store(outRow(cmd, r + 3) + offset, clamp(s3, lo, hi));
  }
}

/** Up to four pixels anywhere, any window. */
function tile(cmd: usize, windows: usize, r: i32, rows: i32): void {
  const channels = word(cmd, Word.InChannels);
  const window = taps(cmd);
  const weights = pointer(cmd, Word.Weights);
  const bias = pointer(cmd, Word.Bias);
  const pitch = (<usize>channels) << 2;
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  for (let c = 0; c < channels; c = nextChannel(c, channels)) {
    const offset = (<usize>c) << 2;
    let s0 = bias ? v128.load(bias + offset) : f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let w = weights + offset;
    let taps = windows;
    for (let t = window; t; t--) {
      const w0 = v128.load(w);
      s0 = madd(v128.load(load<usize>(taps) + offset), w0, s0);
      s1 = madd(v128.load(load<usize>(taps, 4) + offset), w0, s1);
      s2 = madd(v128.load(load<usize>(taps, 8) + offset), w0, s2);
      s3 = madd(v128.load(load<usize>(taps, 12) + offset), w0, s3);
      w += pitch;
      taps += TAP_BYTES;
    }
    v128.store(outRow(cmd, r) + offset, clamp(s0, lo, hi));
    if (rows > 1) v128.store(outRow(cmd, r + 1) + offset, clamp(s1, lo, hi));
    if (rows > 2) v128.store(outRow(cmd, r + 2) + offset, clamp(s2, lo, hi));
    if (rows > 3) v128.store(outRow(cmd, r + 3) + offset, clamp(s3, lo, hi));
  }
}

/** Up to four pixels of fewer channels than a vector has lanes. */
function scalars(cmd: usize, windows: usize, r: i32, rows: i32): void {
  const channels = word(cmd, Word.InChannels);
  const window = taps(cmd);
  const weights = pointer(cmd, Word.Weights);
  const bias = pointer(cmd, Word.Bias);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < channels; c++) {
      const offset = (<usize>c) << 2;
      let sum: f32 = bias ? load<f32>(bias + offset) : 0;
      for (let t = 0; t < window; t++) {
        const row = load<usize>(windows + (<usize>t) * TAP_BYTES + ((<usize>i) << 2));
        const weight = load<f32>(weights + ((<usize>(t * channels + c)) << 2));
        sum += load<f32>(row + offset) * weight;
      }
      store<f32>(
        outRow(cmd, r + i) + offset,
        min(max(sum, float(cmd, Word.Min)), float(cmd, Word.Max)),
      );
    }
  }
}
