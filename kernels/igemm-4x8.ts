/** Convolution as an indirect matrix product, in tiles of 4 output rows by 8 output channels. */
import { Word } from './command';
import { outRow, pointer, word } from './rows';
import { clamp, madd, storeLanes } from './vector';
import { fillWindows, scratchRows, TAP_BYTES, taps, TILE } from './window';

/** Output channels of a panel of packed weights. */
const PANEL: i32 = 8;
/** Bytes of the panel's weights for one input channel of one tap. */
const PANEL_BYTES: usize = 32;
/** The input rows that a block takes in cache when the command names no RowBlock. */
const DEFAULT_BLOCK_BYTES: u32 = 131072;

/** Bytes of the weights that `pack_igemm_x8` packs. */
export function packed_igemm_x8_bytes(taps: i32, cin: i32, cout: i32): usize {
  const panels = (cout + PANEL - 1) / PANEL;
  return (<usize>panels) * (<usize>(1 + taps * cin)) * PANEL_BYTES;
}

/**
 * Packs weights [taps, cin, cout] at `src` and biases [cout] at `bias` (0: none) into panels of 8
 * output channels, [panel][8 biases, then [tap][cin][8 weights]], filled up with zeros.
 */
export function pack_igemm_x8(
  src: usize,
  bias: usize,
  taps: i32,
  cin: i32,
  cout: i32,
  dst: usize,
): void {
  const depth = taps * cin;
  for (let c0 = 0; c0 < cout; c0 += PANEL) {
    const columns = min(PANEL, cout - c0);
    packRow(bias ? bias + ((<usize>c0) << 2) : 0, columns, dst);
    dst += PANEL_BYTES;
    for (let k = 0; k < depth; k++, dst += PANEL_BYTES) {
      packRow(src + ((<usize>(k * cout + c0)) << 2), columns, dst);
    }
  }
}

function packRow(src: usize, columns: i32, dst: usize): void {
  if (src == 0) columns = 0;
  for (let c = 0; c < PANEL; c++, src += 4, dst += 4) {
    store<f32>(dst, c < columns ? load<f32>(src) : 0);
  }
}

/**
 * out[r][c] = clamp(bias[c] + sum over taps and input channels of in * weight). Weights as
 * `pack_igemm_x8` packs them; at most 4096 taps. InChannels values are read from the address of
 * each tap's row on, whatever the stride.
 *
 * RowBlock rows at a time are computed panel by panel, so that a panel stays in the first-level
 * cache and the rows of the block in the second.
 */
export function f32_igemm_4x8(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  const window = taps(cmd);
  const depth = word(cmd, Word.InChannels);
  const channels = word(cmd, Word.OutChannels);
  const panelBytes = (<usize>(1 + window * depth)) * PANEL_BYTES;
  const tileBytes = (<usize>window) * TAP_BYTES;
  const block = rowBlock(cmd);
  for (let b = r0; b < r1; b += block) {
    const end = min(b + block, r1);
    fillWindows(cmd, b, end - b, pointer(cmd, Word.Zero), scratch);
    let panel = pointer(cmd, Word.Weights);
    for (let c = 0; c < channels; c += PANEL, panel += panelBytes) {
      let windows = scratch;
      for (let r = b; r < end; r += TILE, windows += tileBytes) {
        tile(cmd, windows, window, depth, panel, r, end - r, c, channels - c);
      }
    }
  }
}

function rowBlock(cmd: usize): i32 {
  let rows: u32 = word(cmd, Word.RowBlock);
  if (rows == 0) rows = DEFAULT_BLOCK_BYTES / <u32>word(cmd, Word.InStride);
  return max(TILE, min(<i32>min<u32>(rows, 65536), scratchRows(cmd)) & -TILE);
}

/** One tile: up to 4 rows from `r` by up to 8 channels from `c`. */
function tile(
  cmd: usize,
  windows: usize,
  window: i32,
  depth: i32,
  weights: usize,
  r: i32,
  rows: i32,
  c: i32,
  columns: i32,
): void {
  let s00 = v128.load(weights);
  let s01 = v128.load(weights, 16);
  let s10 = s00;
  let s11 = s01;
  let s20 = s00;
  let s21 = s01;
  let s30 = s00;
  let s31 = s01;
  weights += PANEL_BYTES;
  do {
    let a0 = load<usize>(windows);
    let a1 = load<usize>(windows, 4);
    let a2 = load<usize>(windows, 8);
    let a3 = load<usize>(windows, 12);
    windows += TAP_BYTES;
    let k = depth;
    for (;;) {
      {
        const w0 = v128.load(weights);
        const w1 = v128.load(weights, 16);
        const x0 = v128.load32_splat(a0);
        s00 = madd(x0, w0, s00);
        s01 = madd(x0, w1, s01);
        const x1 = v128.load32_splat(a1);
        s10 = madd(x1, w0, s10);
        s11 = madd(x1, w1, s11);
        const x2 = v128.load32_splat(a2);
        s20 = madd(x2, w0, s20);
        s21 = madd(x2, w1, s21);
        const x3 = v128.load32_splat(a3);
        s30 = madd(x3, w0, s30);
        s31 = madd(x3, w1, s31);
      }
      // This exit also splits the basic block: V8 hoists a block's loads, and would spill registers.
      if (k == 1) {
        weights += PANEL_BYTES;
        break;
      }
      {
        const w0 = v128.load(weights, 32);
        const w1 = v128.load(weights, 48);
        const x0 = v128.load32_splat(a0, 4);
        s00 = madd(x0, w0, s00);
        s01 = madd(x0, w1, s01);
        const x1 = v128.load32_splat(a1, 4);
        s10 = madd(x1, w0, s10);
        s11 = madd(x1, w1, s11);
        const x2 = v128.load32_splat(a2, 4);
        s20 = madd(x2, w0, s20);
        s21 = madd(x2, w1, s21);
        const x3 = v128.load32_splat(a3, 4);
        s30 = madd(x3, w0, s30);
        s31 = madd(x3, w1, s31);
      }
      weights += 2 * PANEL_BYTES;
      a0 += 8;
      a1 += 8;
      a2 += 8;
      a3 += 8;
      k -= 2;
      if (k == 0) break;
    }
  } while (--window);

  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const offset = (<usize>c) << 2;
  // As in the windows, the last row stands in for those that are missing.
  const last = rows - 1;
  const out0 = outRow(cmd, r) + offset;
  const out1 = outRow(cmd, r + min(1, last)) + offset;
  const out2 = outRow(cmd, r + min(2, last)) + offset;
  const out3 = outRow(cmd, r + min(3, last)) + offset;
  storeRow(out0, clamp(s00, lo, hi), clamp(s01, lo, hi), columns);
  storeRow(out1, clamp(s10, lo, hi), clamp(s11, lo, hi), columns);
  storeRow(out2, clamp(s20, lo, hi), clamp(s21, lo, hi), columns);
  storeRow(out3, clamp(s30, lo, hi), clamp(s31, lo, hi), columns);
}

/** Stores up to 8 columns. */
@inline
function storeRow(out: usize, x0: v128, x1: v128, columns: i32): void {
  if (columns >= PANEL) {
    v128.store(out, x0);
    v128.store(out, x1, 16);
  } else if (columns > 4) {
    v128.store(out, x0);
    storeLanes(out + 16, x1, columns - 4);
  } else if (columns == 4) {
    v128.store(out, x0);
  } else {
    storeLanes(out, x0, columns);
  }
}
