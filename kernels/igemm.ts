/**
 * Convolution as an indirect matrix product: out[r][c] = clamp(bias[c] + sum over taps and input
 * channels of in * weight). Weights as `pack_igemm` packs them; at most 4096 taps. InChannels values
 * are read from the address of each tap's row on, whatever the stride.
 *
 * RowBlock rows at a time are computed panel by panel, so that a panel stays in the first-level
 * cache and the rows of the block in the second.
 */
import { Word } from './command';
import { panelBytes, panelWidth } from './igemm-panels';
import { tile } from './igemm-tile';
import { pointer, word } from './rows';
import { fillWindows, scratchRows, tapPitch, taps, TILE } from './window';

/** The input rows that a block takes in cache when the command names no RowBlock. */
const DEFAULT_BLOCK_BYTES: u32 = 131072;

/** Tiles of 6 rows by 8 output channels: the registers of 128 bits hold the sums. */
export function f32_igemm_6x8(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  blocks(cmd, r0, r1, scratch, 8);
}

/** Tiles of 6 rows by 16 output channels: for registers of 256 bits. */
export function f32_igemm_6x16(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  blocks(cmd, r0, r1, scratch, 16);
}

@inline
function blocks(cmd: usize, r0: i32, r1: i32, scratch: usize, width: i32): void {
  const window = taps(cmd);
  const depth = word(cmd, Word.InChannels);
  const channels = word(cmd, Word.OutChannels);
  const block = rowBlock(cmd);
  for (let b = r0; b < r1; b += block) {
    const end = min(b + block, r1);
    fillWindows(cmd, b, end - b, pointer(cmd, Word.Zero), scratch);
    let weights = pointer(cmd, Word.Weights);
    for (let c = 0; c < channels; c += width) {
      const panel = panelWidth(channels - c, width);
      if (panel == 16 && width == 16) panel16(cmd, scratch, window, depth, weights, b, end, c);
      else if (panel == 8 && width == 16) tallPanel8(cmd, scratch, window, depth, weights, b, end, c);
      else if (panel == 8) panel8(cmd, scratch, window, depth, weights, b, end, c);
      else panel4(cmd, scratch, window, depth, weights, b, end, c);
      weights += panelBytes(panel, window * depth);
    }
  }
}

/** Rows of a block: as the command says, whole tiles, and no more than the scratch takes. */
export function rowBlock(cmd: usize): i32 {
  let rows: u32 = word(cmd, Word.RowBlock);
  if (rows == 0) rows = DEFAULT_BLOCK_BYTES / <u32>word(cmd, Word.InStride);
  return max(TILE, min(<i32>min<u32>(rows, 65536), scratchRows(cmd)) & -TILE);
}

/** Rows [b, end) of the panel of 16 channels from `c`. */
function panel16(
  cmd: usize, scratch: usize, window: i32, depth: i32, weights: usize, b: i32, end: i32, c: i32,
): void {
  tiles(6, 4, cmd, scratch, window, depth, weights, b, end, c);
}

/** Rows [b, end) of a panel of 8 channels, in tiles of 8 rows: enough sums for the latency of 256 bits. */
function tallPanel8(
  cmd: usize, scratch: usize, window: i32, depth: i32, weights: usize, b: i32, end: i32, c: i32,
): void {
  tiles(8, 2, cmd, scratch, window, depth, weights, b, end, c);
}

/** Rows [b, end) of the panel of 8 channels from `c`. */
function panel8(
  cmd: usize, scratch: usize, window: i32, depth: i32, weights: usize, b: i32, end: i32, c: i32,
): void {
  tiles(6, 2, cmd, scratch, window, depth, weights, b, end, c);
}

/** Rows [b, end) of a panel of 4 channels, in tiles of 8 rows: enough sums for the latency. */
function panel4(
  cmd: usize, scratch: usize, window: i32, depth: i32, weights: usize, b: i32, end: i32, c: i32,
): void {
  tiles(8, 1, cmd, scratch, window, depth, weights, b, end, c);
}

/**
 * Whether the next tile is one of 4 rows, with `left` rows left: the rows come out in tiles of 6 and 4 with the
 * fewest computed twice. (Five are left of an odd number alone, for which there is an address more: a tile of 6 finds
 * six.) Without a fused multiply-add, which needs a register more, 6 rows would spill.
 */
@inline
function isLow(left: i32): bool {
  return !ASC_FEATURE_RELAXED_SIMD || left <= 4 || left == 7 || left == 8;
}

@inline
function tiles(
  height: i32, vectors: i32, cmd: usize, scratch: usize, window: i32, depth: i32, weights: usize,
  b: i32, end: i32, c: i32,
): void {
  const pitch = tapPitch(end - b);
  const columns = word(cmd, Word.OutChannels) - c;
  for (let r = b; r < end; ) {
    const left = end - r;
    const windows = scratch + ((<usize>(r - b)) << 2);
    if (height == 6 && isLow(left)) {
      tile(4, vectors, cmd, windows, windows, pitch, window, depth, weights, r, left, c, columns);
      r += 4;
    } else {
      // A tile of 8 rows with 4 left computes them twice.
      const below = left > TILE ? windows + (TILE << 2) : windows;
      tile(height, vectors, cmd, windows, below, pitch, window, depth, weights, r, left, c, columns);
      r += height;
    }
  }
}
