/**
 * Depthwise convolution of adjacent pixels of one image line: their windows overlap, so each input
 * column is loaded once for all of them, and so is each weight.
 */
import { nextChannel } from './channel-steps';
import { Word } from './command';
import { inPixelRow, outPixel, outRow, pointer, word } from './rows';
import { clamp, LANES, madd, never } from './vector';

/** Adjacent pixels of the two tiles. */
export const TALL: i32 = 8;
export const LOW: i32 = 4;

/** Whether windows slide by one column from pixel to pixel, and are as wide as a kernel here. */
export function windowsSlide(cmd: usize): bool {
  const kernelW = word(cmd, Word.KernelW);
  return (
    (kernelW == 3 || kernelW == 5) &&
    word(cmd, Word.StrideW) == 1 &&
    word(cmd, Word.DilationW) == 1
  );
}

/** The pixels of the highest tile whose rows, from `r` on, are adjacent pixels of one image line; 0 for none. */
export function adjacent(cmd: usize, r: i32, r1: i32): i32 {
  const p = outPixel(cmd, r);
  const outW = word(cmd, Word.OutW);
  const most = min(r1 - r, outW - (p % outW));
  // Sets are ascending.
  if (most >= TALL && outPixel(cmd, r + TALL - 1) == p + TALL - 1) return TALL;
  if (most >= LOW && outPixel(cmd, r + LOW - 1) == p + LOW - 1) return LOW;
  return 0;
}

/** The addresses of the input columns under `height` adjacent windows: [ky][KernelW + height - 1]. */
function fillColumns(cmd: usize, r: i32, height: i32, dst: usize): void {
  const zero = pointer(cmd, Word.Zero);
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const columns = word(cmd, Word.KernelW) + height - 1;
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

/** Computes the output rows from `r` on, `height` adjacent pixels; if they are eight, so many vectors at a time. */
export function slide(vectors: i32, cmd: usize, columns: usize, r: i32, height: i32): void {
  fillColumns(cmd, r, height, columns);
  const isWide = word(cmd, Word.KernelW) == 5;
  if (height == LOW) {
    if (isWide) low5(cmd, columns, r);
    else low3(cmd, columns, r);
  } else if (vectors == 1) {
    if (isWide) vectors5(cmd, columns, r);
    else vectors3(cmd, columns, r);
  } else {
    if (isWide) pairs5(cmd, columns, r);
    else pairs3(cmd, columns, r);
  }
}

// A function each: V8 allocates registers better in small ones.

function vectors3(cmd: usize, columns: usize, r: i32): void {
  tile(TALL, 3, 1, cmd, columns, r);
}

function vectors5(cmd: usize, columns: usize, r: i32): void {
  tile(TALL, 5, 1, cmd, columns, r);
}

function pairs3(cmd: usize, columns: usize, r: i32): void {
  tile(TALL, 3, 2, cmd, columns, r);
}

function pairs5(cmd: usize, columns: usize, r: i32): void {
  tile(TALL, 5, 2, cmd, columns, r);
}

function low3(cmd: usize, columns: usize, r: i32): void {
  tile(LOW, 3, 2, cmd, columns, r);
}

function low5(cmd: usize, columns: usize, r: i32): void {
  tile(LOW, 5, 2, cmd, columns, r);
}

/**
 * A tile, column by column: what a column adds to each pixel whose window it is in.
 *
 * @param height 8 or 4: adjacent pixels
 * @param kernelW 3 or 5
 * @param vectors of channels at a time: 1 or 2
 * @param columns the addresses of the input columns
 */
@inline
function tile(height: i32, kernelW: i32, vectors: i32, cmd: usize, columns: usize, r: i32): void {
  const channels = word(cmd, Word.InChannels);
  const kernelH = word(cmd, Word.KernelH);
  const weights = pointer(cmd, Word.Weights);
  const bias = pointer(cmd, Word.Bias) || pointer(cmd, Word.Zero);
  const pitch = (<usize>channels) << 2;
  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const out0 = outRow(cmd, r);
  const out1 = outRow(cmd, r + 1);
  const out2 = outRow(cmd, r + 2);
  const out3 = outRow(cmd, r + 3);
  const out4 = outRow(cmd, r + (height > 4 ? 4 : 3));
  const out5 = outRow(cmd, r + (height > 4 ? 5 : 3));
  const out6 = outRow(cmd, r + (height > 4 ? 6 : 3));
  const out7 = outRow(cmd, r + (height > 4 ? 7 : 3));
  for (let c = 0; c < channels; c = vectors > 1 ? nextChannel(c, channels) : nextVector(c, channels)) {
    const offset = (<usize>c) << 2;
    let a0 = v128.load(bias + offset);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let a4 = a0;
    let a5 = a0;
    let a6 = a0;
    let a7 = a0;
    let b0 = vectors > 1 ? v128.load(bias + offset, 16) : a0;
    let b1 = b0;
    let b2 = b0;
    let b3 = b0;
    let b4 = b0;
    let b5 = b0;
    let b6 = b0;
    let b7 = b0;
    let w = weights + offset;
    let column = columns;
    let rows = kernelH;
    do {
      const w0 = v128.load(w);
      const w1 = v128.load(w + 1 * pitch);
      const w2 = v128.load(w + 2 * pitch);
      const w3 = kernelW > 3 ? v128.load(w + 3 * pitch) : w2;
      const w4 = kernelW > 3 ? v128.load(w + 4 * pitch) : w2;
      {
        const x = v128.load(load<usize>(column, 0) + offset);
        a0 = madd(x, w0, a0);
      }
      {
        const x = v128.load(load<usize>(column, 4) + offset);
        a0 = madd(x, w1, a0);
        a1 = madd(x, w0, a1);
      }
      {
        const x = v128.load(load<usize>(column, 8) + offset);
        a0 = madd(x, w2, a0);
        a1 = madd(x, w1, a1);
        a2 = madd(x, w0, a2);
      }
      if (vectors == 1 && never(rows, 1)) break;
      {
        const x = v128.load(load<usize>(column, 12) + offset);
        if (kernelW > 3) a0 = madd(x, w3, a0);
        a1 = madd(x, w2, a1);
        a2 = madd(x, w1, a2);
        a3 = madd(x, w0, a3);
      }
      {
        const x = v128.load(load<usize>(column, 16) + offset);
        if (kernelW > 3) a0 = madd(x, w4, a0);
        if (kernelW > 3) a1 = madd(x, w3, a1);
        a2 = madd(x, w2, a2);
        a3 = madd(x, w1, a3);
        if (height > 4) a4 = madd(x, w0, a4);
      }
      {
        const x = v128.load(load<usize>(column, 20) + offset);
        if (kernelW > 3) a1 = madd(x, w4, a1);
        if (kernelW > 3) a2 = madd(x, w3, a2);
        a3 = madd(x, w2, a3);
        if (height > 4) a4 = madd(x, w1, a4);
        if (height > 4) a5 = madd(x, w0, a5);
      }
      if (vectors == 1 && never(rows, 2)) break;
      if (height > 4 || kernelW > 3) {
        const x = v128.load(load<usize>(column, 24) + offset);
        if (kernelW > 3) a2 = madd(x, w4, a2);
        if (kernelW > 3) a3 = madd(x, w3, a3);
        if (height > 4) a4 = madd(x, w2, a4);
        if (height > 4) a5 = madd(x, w1, a5);
        if (height > 4) a6 = madd(x, w0, a6);
      }
      if (height > 4 || kernelW > 3) {
        const x = v128.load(load<usize>(column, 28) + offset);
        if (kernelW > 3) a3 = madd(x, w4, a3);
        if (height > 4 && kernelW > 3) a4 = madd(x, w3, a4);
        if (height > 4) a5 = madd(x, w2, a5);
        if (height > 4) a6 = madd(x, w1, a6);
        if (height > 4) a7 = madd(x, w0, a7);
      }
      if (height > 4) {
        const x = v128.load(load<usize>(column, 32) + offset);
        if (kernelW > 3) a4 = madd(x, w4, a4);
        if (kernelW > 3) a5 = madd(x, w3, a5);
        a6 = madd(x, w2, a6);
        a7 = madd(x, w1, a7);
      }
      if (vectors == 1 && never(rows, 3)) break;
      if (height > 4) {
        const x = v128.load(load<usize>(column, 36) + offset);
        if (kernelW > 3) a5 = madd(x, w4, a5);
        if (kernelW > 3) a6 = madd(x, w3, a6);
        a7 = madd(x, w2, a7);
      }
      if (height > 4 && kernelW > 3) {
        const x = v128.load(load<usize>(column, 40) + offset);
        a6 = madd(x, w4, a6);
        a7 = madd(x, w3, a7);
      }
      if (height > 4 && kernelW > 3) {
        const x = v128.load(load<usize>(column, 44) + offset);
        a7 = madd(x, w4, a7);
      }
      if (vectors > 1) {
        const v0 = v128.load(w, 16);
        const v1 = v128.load(w + 1 * pitch, 16);
        const v2 = v128.load(w + 2 * pitch, 16);
        const v3 = kernelW > 3 ? v128.load(w + 3 * pitch, 16) : v2;
        const v4 = kernelW > 3 ? v128.load(w + 4 * pitch, 16) : v2;
        {
          const x = v128.load(load<usize>(column, 0) + offset, 16);
          b0 = madd(x, v0, b0);
        }
        {
          const x = v128.load(load<usize>(column, 4) + offset, 16);
          b0 = madd(x, v1, b0);
          b1 = madd(x, v0, b1);
        }
        {
          const x = v128.load(load<usize>(column, 8) + offset, 16);
          b0 = madd(x, v2, b0);
          b1 = madd(x, v1, b1);
          b2 = madd(x, v0, b2);
        }
        {
          const x = v128.load(load<usize>(column, 12) + offset, 16);
          if (kernelW > 3) b0 = madd(x, v3, b0);
          b1 = madd(x, v2, b1);
          b2 = madd(x, v1, b2);
          b3 = madd(x, v0, b3);
        }
        {
          const x = v128.load(load<usize>(column, 16) + offset, 16);
          if (kernelW > 3) b0 = madd(x, v4, b0);
          if (kernelW > 3) b1 = madd(x, v3, b1);
          b2 = madd(x, v2, b2);
          b3 = madd(x, v1, b3);
          if (height > 4) b4 = madd(x, v0, b4);
        }
        {
          const x = v128.load(load<usize>(column, 20) + offset, 16);
          if (kernelW > 3) b1 = madd(x, v4, b1);
          if (kernelW > 3) b2 = madd(x, v3, b2);
          b3 = madd(x, v2, b3);
          if (height > 4) b4 = madd(x, v1, b4);
          if (height > 4) b5 = madd(x, v0, b5);
        }
        if (height > 4 || kernelW > 3) {
          const x = v128.load(load<usize>(column, 24) + offset, 16);
          if (kernelW > 3) b2 = madd(x, v4, b2);
          if (kernelW > 3) b3 = madd(x, v3, b3);
          if (height > 4) b4 = madd(x, v2, b4);
          if (height > 4) b5 = madd(x, v1, b5);
          if (height > 4) b6 = madd(x, v0, b6);
        }
        if (height > 4 || kernelW > 3) {
          const x = v128.load(load<usize>(column, 28) + offset, 16);
          if (kernelW > 3) b3 = madd(x, v4, b3);
          if (height > 4 && kernelW > 3) b4 = madd(x, v3, b4);
          if (height > 4) b5 = madd(x, v2, b5);
          if (height > 4) b6 = madd(x, v1, b6);
          if (height > 4) b7 = madd(x, v0, b7);
        }
        if (height > 4) {
          const x = v128.load(load<usize>(column, 32) + offset, 16);
          if (kernelW > 3) b4 = madd(x, v4, b4);
          if (kernelW > 3) b5 = madd(x, v3, b5);
          b6 = madd(x, v2, b6);
          b7 = madd(x, v1, b7);
        }
        if (height > 4) {
          const x = v128.load(load<usize>(column, 36) + offset, 16);
          if (kernelW > 3) b5 = madd(x, v4, b5);
          if (kernelW > 3) b6 = madd(x, v3, b6);
          b7 = madd(x, v2, b7);
        }
        if (height > 4 && kernelW > 3) {
          const x = v128.load(load<usize>(column, 40) + offset, 16);
          b6 = madd(x, v4, b6);
          b7 = madd(x, v3, b7);
        }
        if (height > 4 && kernelW > 3) {
          const x = v128.load(load<usize>(column, 44) + offset, 16);
          b7 = madd(x, v4, b7);
        }
      }
      column += (kernelW + height - 1) * 4;
      w += (<usize>kernelW) * pitch;
    } while (--rows);
    v128.store(out0 + offset, clamp(a0, lo, hi));
    if (vectors > 1) v128.store(out0 + offset, clamp(b0, lo, hi), 16);
    v128.store(out1 + offset, clamp(a1, lo, hi));
    if (vectors > 1) v128.store(out1 + offset, clamp(b1, lo, hi), 16);
    v128.store(out2 + offset, clamp(a2, lo, hi));
    if (vectors > 1) v128.store(out2 + offset, clamp(b2, lo, hi), 16);
    v128.store(out3 + offset, clamp(a3, lo, hi));
    if (vectors > 1) v128.store(out3 + offset, clamp(b3, lo, hi), 16);
    if (height > 4) v128.store(out4 + offset, clamp(a4, lo, hi));
    if (height > 4 && vectors > 1) v128.store(out4 + offset, clamp(b4, lo, hi), 16);
    if (height > 4) v128.store(out5 + offset, clamp(a5, lo, hi));
    if (height > 4 && vectors > 1) v128.store(out5 + offset, clamp(b5, lo, hi), 16);
    if (height > 4) v128.store(out6 + offset, clamp(a6, lo, hi));
    if (height > 4 && vectors > 1) v128.store(out6 + offset, clamp(b6, lo, hi), 16);
    if (height > 4) v128.store(out7 + offset, clamp(a7, lo, hi));
    if (height > 4 && vectors > 1) v128.store(out7 + offset, clamp(b7, lo, hi), 16);
  }
}

/** The channel after `c` to start a vector at: the last one overlaps the one before. */
@inline
function nextVector(c: i32, channels: i32): i32 {
  return c + LANES < channels ? min(c + LANES, channels - LANES) : channels;
}
