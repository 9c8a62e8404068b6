/**
 * Indirection: the addresses of the input rows that windows read (Dukhan, The Indirect Convolution
 * Algorithm, 2019), laid out [tap][output row]: so a tile of any height can begin at any row.
 */
import { Word } from './command';
import { inPixelRow, inRow, item, outPixel, pointer, word } from './rows';

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
  const rowOf = pointer(cmd, Word.InRowOf);
  const zero = pointer(cmd, Word.Zero);
  const inBase = pointer(cmd, Word.InBase);
  const inStride = pointer(cmd, Word.InStride);
  const inMask = word(cmd, Word.InMask);
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const kernelH = word(cmd, Word.KernelH);
  const kernelW = word(cmd, Word.KernelW);
  const strideH = word(cmd, Word.StrideH);
  const strideW = word(cmd, Word.StrideW);
  const dilationH = word(cmd, Word.DilationH);
  const dilationW = word(cmd, Word.DilationW);
  const padTop = word(cmd, Word.PadTop);
  const padLeft = word(cmd, Word.PadLeft);
  const pitch = tapPitch(rows);

  let last = -2;
  let x = 0;
  let y = 0;
  let image = 0;
  const filled = (rows + TILE - 1) & -TILE;
  for (let i = 0; i < filled; i++) {
    const r = r0 + (i < rows ? i : rows - 1);
    const p = pixels ? item(pixels, r) : r;
    if (p == last + 1 && x + 1 < outW) {
      x++;
    } else if (p != last) {
      const line = p / outW;
      x = p - line * outW;
      const n = line / outH;
      y = line - n * outH;
      image = n * inH * inW;
    }
    last = p;
    let slot = dst + ((<usize>i) << 2);
    let iy = y * strideH - padTop;
    for (let ky = 0; ky < kernelH; ky++, iy += dilationH) {
      const inside = <u32>iy < <u32>inH;
      const line = image + iy * inW;
      let ix = x * strideW - padLeft;
      for (let kx = 0; kx < kernelW; kx++, ix += dilationW, slot += pitch) {
        let address = padding;
        if (inside && <u32>ix < <u32>inW) {
          const q = line + ix;
          const row = rowOf ? item(rowOf, q) : q;
          address = row < 0 ? zero : inBase + <usize>(row & inMask) * inStride;
        }
        store<usize>(slot, address);
      }
    }
  }
}
