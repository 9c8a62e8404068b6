/** Depthwise convolution (one filter per channel), in tiles of 8 output pixels by one or two vectors. */
import { nextChannel, STEP } from './channel-steps';
import { Word } from './command';
import { adjacent, slide, windowsSlide } from './dwconv-slide';
import { float, outRow, pointer, word } from './rows';
import { clamp, madd, never } from './vector';
import { fillWindows, taps, TILE, TILE_PITCH } from './window';

/**
 * out[r][c] = clamp(bias[c] + sum over taps of in[tap][c] * weight[tap][c]). Weights [tap][channel]
 * and Bias (0: none) as TensorFlow lays them out; at most 4096 taps; InChannels = OutChannels.
 *
 * Adjacent pixels of one image line, eight or four, share the columns that their windows overlap in, and every
 * weight is loaded once for all of them. Whether rows are adjacent does not show in the result:
 * every output is accumulated tap by tap in the same order.
 */
export function f32_dwconv_8x4(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  depthwise(1, cmd, r0, r1, scratch);
}

/** The same for registers of 256 bits, which an engine makes of two vectors. */
export function f32_dwconv_8x8(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  depthwise(2, cmd, r0, r1, scratch);
}

@inline
function depthwise(vectors: i32, cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  const zero = pointer(cmd, Word.Zero);
  const narrow = word(cmd, Word.InChannels) < STEP;
  const slides = !narrow && windowsSlide(cmd);
  for (let r = r0; r < r1; ) {
    const height = slides ? adjacent(cmd, r, r1) : 0;
    if (height > 0) {
      slide(vectors, cmd, scratch, r, height);
      r += height;
    } else {
      const rows = min(TILE, r1 - r);
      fillWindows(cmd, r, rows, zero, scratch);
      if (narrow) scalars(cmd, scratch, r, rows);
      else if (vectors > 1) inPairs(cmd, scratch, r, rows);
      else byVector(cmd, scratch, r, rows);
      r += rows;
    }
  }
}

function byVector(cmd: usize, windows: usize, r: i32, rows: i32): void {
  tile(1, cmd, windows, r, rows);
}

function inPairs(cmd: usize, windows: usize, r: i32, rows: i32): void {
  tile(2, cmd, windows, r, rows);
}

/**
 * Up to four pixels anywhere, any window.
 *
 * @param vectors 2: two vectors stay in one basic block, for an engine to make 256 bits of them
 */
@inline
function tile(vectors: i32, cmd: usize, windows: usize, r: i32, rows: i32): void {
  const channels = word(cmd, Word.InChannels);
  const window = taps(cmd);
  const weights = pointer(cmd, Word.Weights);
  const bias = pointer(cmd, Word.Bias) || pointer(cmd, Word.Zero);
  const pitch = (<usize>channels) << 2;
  // As in the windows, the last row stands in for those that are missing.
  const out0 = outRow(cmd, r);
  const out1 = outRow(cmd, r + min(1, rows - 1));
  const out2 = outRow(cmd, r + min(2, rows - 1));
  const out3 = outRow(cmd, r + rows - 1);
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  for (let c = 0; c < channels; c = nextChannel(c, channels)) {
    const offset = (<usize>c) << 2;
    let a0 = v128.load(bias + offset);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = v128.load(bias + offset, 16);
    let b1 = b0;
    let b2 = b0;
    let b3 = b0;
    let w = weights + offset;
    let taps = windows;
    for (let t = window; t; t--) {
      const wa = v128.load(w);
      const wb = v128.load(w, 16);
      const p0 = load<usize>(taps) + offset;
      a0 = madd(v128.load(p0), wa, a0);
      b0 = madd(v128.load(p0, 16), wb, b0);
      if (vectors == 1 && never(t, 1)) break;
      const p1 = load<usize>(taps, 4) + offset;
      a1 = madd(v128.load(p1), wa, a1);
      b1 = madd(v128.load(p1, 16), wb, b1);
      if (vectors == 1 && never(t, 2)) break;
      const p2 = load<usize>(taps, 8) + offset;
      a2 = madd(v128.load(p2), wa, a2);
      b2 = madd(v128.load(p2, 16), wb, b2);
      if (vectors == 1 && never(t, 3)) break;
      const p3 = load<usize>(taps, 12) + offset;
      a3 = madd(v128.load(p3), wa, a3);
      b3 = madd(v128.load(p3, 16), wb, b3);
      w += pitch;
      taps += TILE_PITCH;
    }
    v128.store(out0 + offset, clamp(a0, lo, hi));
    v128.store(out0 + offset, clamp(b0, lo, hi), 16);
    v128.store(out1 + offset, clamp(a1, lo, hi));
    v128.store(out1 + offset, clamp(b1, lo, hi), 16);
    v128.store(out2 + offset, clamp(a2, lo, hi));
    v128.store(out2 + offset, clamp(b2, lo, hi), 16);
    v128.store(out3 + offset, clamp(a3, lo, hi));
    v128.store(out3 + offset, clamp(b3, lo, hi), 16);
  }
}

/** Up to four pixels of fewer channels than a step. */
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
        const row = load<usize>(windows + (<usize>t) * TILE_PITCH + ((<usize>i) << 2));
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
