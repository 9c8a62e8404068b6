/**
 * The indirect matrix product for vectors, in tiles of one row by 32 output channels: what counts is
 * that weights, which are read once, come in as fast as they can.
 */
import { Word } from './command';
import { rowBlock } from './igemm';
import { panelBytes, panelWidth } from './igemm-panels';
import { storeRow } from './igemm-tile';
import { outRow, pointer, word } from './rows';
import { clamp, madd } from './vector';
import { fillWindows, tapPitch, taps } from './window';

/** Output channels of a whole panel. */
const WIDTH: i32 = 32;

/** As `f32_igemm_6x8` in igemm.ts, with the same results to the bit. */
export function f32_igemm_1x32(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  const window = taps(cmd);
  const depth = word(cmd, Word.InChannels);
  const channels = word(cmd, Word.OutChannels);
  const block = rowBlock(cmd);
  for (let b = r0; b < r1; b += block) {
    const end = min(b + block, r1);
    const pitch = tapPitch(end - b);
    fillWindows(cmd, b, end - b, pointer(cmd, Word.Zero), scratch);
    let weights = pointer(cmd, Word.Weights);
    for (let c = 0; c < channels; c += WIDTH) {
      const panel = panelWidth(channels - c, WIDTH);
      for (let r = b; r < end; r++) {
        const windows = scratch + ((<usize>(r - b)) << 2);
        if (panel == 32) tile32(cmd, windows, pitch, window, depth, weights, r, c);
        else if (panel == 16) tile16(cmd, windows, pitch, window, depth, weights, r, c);
        else if (panel == 8) tile8(cmd, windows, pitch, window, depth, weights, r, c);
        else tile4(cmd, windows, pitch, window, depth, weights, r, c);
      }
      weights += panelBytes(panel, window * depth);
    }
  }
}

function tile32(
  cmd: usize, windows: usize, pitch: usize, window: i32, depth: i32, weights: usize, r: i32, c: i32,
): void {
  tile(8, cmd, windows, pitch, window, depth, weights, r, c);
}

function tile16(
  cmd: usize, windows: usize, pitch: usize, window: i32, depth: i32, weights: usize, r: i32, c: i32,
): void {
  tile(4, cmd, windows, pitch, window, depth, weights, r, c);
}

function tile8(
  cmd: usize, windows: usize, pitch: usize, window: i32, depth: i32, weights: usize, r: i32, c: i32,
): void {
  tile(2, cmd, windows, pitch, window, depth, weights, r, c);
}

function tile4(
  cmd: usize, windows: usize, pitch: usize, window: i32, depth: i32, weights: usize, r: i32, c: i32,
): void {
  tile(1, cmd, windows, pitch, window, depth, weights, r, c);
}

/** One row by 4 to 32 channels: 1, 2, 4 or 8 `vectors`, constant where the tile is used. */
@inline
function tile(
  vectors: i32, cmd: usize, windows: usize, pitch: usize, window: i32, depth: i32, weights: usize, r: i32,
  c: i32,
): void {
  const step = (<usize>vectors) * 16;
  let s0 = v128.load(weights);
  let s1 = vectors > 1 ? v128.load(weights, 16) : s0;
  let s2 = vectors > 2 ? v128.load(weights, 32) : s0;
  let s3 = vectors > 2 ? v128.load(weights, 48) : s0;
  let s4 = vectors > 4 ? v128.load(weights, 64) : s0;
  let s5 = vectors > 4 ? v128.load(weights, 80) : s0;
  let s6 = vectors > 4 ? v128.load(weights, 96) : s0;
  let s7 = vectors > 4 ? v128.load(weights, 112) : s0;
  weights += step;
  do {
    let a = load<usize>(windows);
    windows += pitch;
    const end = a + ((<usize>depth) << 2);
    do {
      const x = v128.load32_splat(a);
      s0 = madd(x, v128.load(weights), s0);
      if (vectors > 1) s1 = madd(x, v128.load(weights, 16), s1);
      if (vectors > 2) s2 = madd(x, v128.load(weights, 32), s2);
      if (vectors > 2) s3 = madd(x, v128.load(weights, 48), s3);
      if (vectors > 4) s4 = madd(x, v128.load(weights, 64), s4);
      if (vectors > 4) s5 = madd(x, v128.load(weights, 80), s5);
      if (vectors > 4) s6 = madd(x, v128.load(weights, 96), s6);
      if (vectors > 4) s7 = madd(x, v128.load(weights, 112), s7);
      weights += step;
      a += 4;
    } while (a != end);
  } while (--window);

  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const out = outRow(cmd, r) + ((<usize>c) << 2);
  const columns = word(cmd, Word.OutChannels) - c;
  s0 = clamp(s0, lo, hi);
  s1 = clamp(s1, lo, hi);
  s2 = clamp(s2, lo, hi);
  s3 = clamp(s3, lo, hi);
  storeRow(vectors, out, columns, s0, s1, s2, s3);
  if (vectors < 8) return;
  s4 = clamp(s4, lo, hi);
  s5 = clamp(s5, lo, hi);
  s6 = clamp(s6, lo, hi);
  s7 = clamp(s7, lo, hi);
  storeRow(vectors, out + 64, columns - 16, s4, s5, s6, s7);
}
