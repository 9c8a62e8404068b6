/**
 * Indirection: the addresses of the input rows that windows read (Dukhan, The Indirect Convolution
 * Algorithm, 2019), laid out [tap][output row]: so a tile of any height can begin at any row.
 */
import { Word } from './command';
import { inPixelRow, inRow, item, outPixel, pointer, word } from './rows';
import { LANES } from './vector';

/** Rows of the lowest tile: the addresses are of a multiple of it. */
export const TILE: i32 = 4;
/** Bytes from a tap's addresses to the next one's, of no more rows than that. */
export const TILE_PITCH: usize = 16;
/** Bytes of a lane's scratch. */
const SCRATCH_BYTES: i32 = 65536;

/** The taps of a window. */
@inline
export function taps(cmd: usize): i32 {
  return word(cmd, Word.KernelH) * word(cmd, Word.KernelW);
}

/** Bytes from a tap's addresses to the next one's, of `rows` rows. */
@inline
export function tapPitch(rows: i32): usize {
  return (<usize>((rows + TILE - 1) & -TILE)) << 2;
}

/** The most rows, a multiple of the tile, whose addresses fit the scratch. */
export function scratchRows(cmd: usize): i32 {
  return (SCRATCH_BYTES / (taps(cmd) << 2)) & -TILE;
}

/** Whether every window is just the pixel of the same number in an input of the output's size. */
export function isPointwise(cmd: usize): bool {
  return (
    taps(cmd) == 1 &&
    word(cmd, Word.StrideH) == 1 &&
    word(cmd, Word.StrideW) == 1 &&
    (word(cmd, Word.PadTop) | word(cmd, Word.PadLeft)) == 0 &&
    word(cmd, Word.InH) == word(cmd, Word.OutH) &&
    word(cmd, Word.InW) == word(cmd, Word.OutW)
  );
}

/**
 * Writes the addresses of the windows of output rows [r0, r0 + rows) to `dst`, filled up with the last
 * row. A tap outside the image gets `padding`, a tap on an absent pixel gets the row of zeros.
 */
export function fillWindows(cmd: usize, r0: i32, rows: i32, padding: usize, dst: usize): void {
  if (isPointwise(cmd)) fillPointwise(cmd, r0, rows, dst);
  else fillTaps(cmd, r0, rows, padding, dst);
}

function fillPointwise(cmd: usize, r0: i32, rows: i32, dst: usize): void {
  const end = dst + ((<usize>rows) << 2);
  const filled = dst + tapPitch(rows);
  if (pointer(cmd, Word.OutPixels) | pointer(cmd, Word.InRowOf)) {
    for (let r = r0; dst < end; dst += 4, r++) {
      store<usize>(dst, inPixelRow(cmd, outPixel(cmd, r)));
    }
  } else {
    for (let r = r0; dst < end; dst += 4, r++) store<usize>(dst, inRow(cmd, r));
  }
  for (; dst < filled; dst += 4) store<usize>(dst, load<usize>(end - 4));
}

function fillTaps(cmd: usize, r0: i32, rows: i32, padding: usize, dst: usize): void {
  const pixels = pointer(cmd, Word.OutPixels);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const image = word(cmd, Word.InH) * word(cmd, Word.InW);
  // The rows of pixels next to each other lie next to each other in the table, or are of the same numbers.
  const canRun = !pointer(cmd, Word.InRowOf) || word(cmd, Word.StrideW) == 1;
  const pitch = tapPitch(rows);
  const filled = (rows + TILE - 1) & -TILE;
  let next = -1;
  let x = 0;
  let y = 0;
  let first = 0;
  for (let i = 0; i < filled; ) {
    const r = r0 + (i < rows ? i : rows - 1);
    const p = pixels ? item(pixels, r) : r;
    if (p != next || x >= outW) {
      const line = p / outW;
      x = p - line * outW;
      const n = line / outH;
      y = line - n * outH;
      first = n * image;
    }
    const isRun =
      canRun && i + LANES <= rows && x + LANES <= outW && (!pixels || item(pixels, r + LANES - 1) == p + LANES - 1);
    const count = isRun ? LANES : 1;
    fillRun(cmd, x, y, first, count, padding, pitch, dst);
    dst += (<usize>count) << 2;
    i += count;
    x += count;
    next = p + count;
  }
}

/**
 * The addresses of the windows of `count` output pixels, one or four, from (x, y) on, in one line. The pixels of their
 * image's input begin at `first`.
 */
@inline
function fillRun(
  cmd: usize, x: i32, y: i32, first: i32, count: i32, padding: usize, pitch: usize, slot: usize,
): void {
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const kernelH = word(cmd, Word.KernelH);
  const kernelW = word(cmd, Word.KernelW);
  const dilationH = word(cmd, Word.DilationH);
  const dilationW = word(cmd, Word.DilationW);
  const strideW = word(cmd, Word.StrideW);
  const rowOf = pointer(cmd, Word.InRowOf);
  const zero = i32x4.splat(<i32>pointer(cmd, Word.Zero));
  const base = i32x4.splat(<i32>pointer(cmd, Word.InBase));
  const stride = i32x4.splat(<i32>pointer(cmd, Word.InStride));
  const mask = i32x4.splat(word(cmd, Word.InMask));
  const steps = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(strideW));
  const reach = (LANES - 1) * strideW;
  const left = x * strideW - word(cmd, Word.PadLeft);
  let iy = y * word(cmd, Word.StrideH) - word(cmd, Word.PadTop);
  for (let ky = 0; ky < kernelH; ky++, iy += dilationH) {
    const inside = <u32>iy < <u32>inH;
    let ix = left;
    for (let kx = 0; kx < kernelW; kx++, ix += dilationW, slot += pitch) {
      const q = first + iy * inW + ix;
      if (count == LANES && inside && ix >= 0 && ix + reach < inW) {
        const rows = rowOf
          ? v128.load(rowOf + ((<usize>q) << 2))
          : i32x4.add(i32x4.splat(q), steps);
        const addresses = i32x4.add(i32x4.mul(v128.and(rows, mask), stride), base);
        const isAbsent = i32x4.shr_s(rows, 31);
        v128.store(slot, rowOf ? v128.bitselect(zero, addresses, isAbsent) : addresses);
        continue;
      }
      for (let k = 0; k < count; k++) {
        const isRead = inside && <u32>(ix + k * strideW) < <u32>inW;
        const address = isRead ? inPixelRow(cmd, q + k * strideW) : padding;
        store<usize>(slot + ((<usize>k) << 2), address);
      }
    }
  }
}
