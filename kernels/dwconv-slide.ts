/**
 * Depthwise convolution of four adjacent pixels of one image line: their windows overlap, so each
 * input column is loaded once for all of them, and so is each weight.
 */
import { nextChannel } from './channel-steps';
import { Word } from './command';
import { inPixelRow, outPixel, outRow, pointer, word } from './rows';
import { clamp, madd } from './vector';
import { TILE } from './window';

/** Whether windows slide by one column from pixel to pixel, and are as wide as a kernel here. */
export function windowsSlide(cmd: usize): bool {
  const kernelW = word(cmd, Word.KernelW);
  return (
    (kernelW == 3 || kernelW == 5) &&
    word(cmd, Word.StrideW) == 1 &&
    word(cmd, Word.DilationW) == 1
  );
}

/** Whether output rows r to r + 3 are adjacent pixels of one image line (sets are ascending). */
export function areAdjacent(cmd: usize, r: i32): bool {
  const p = outPixel(cmd, r);
  if (outPixel(cmd, r + TILE - 1) != p + TILE - 1) return false;
  const outW = word(cmd, Word.OutW);
  return (p % outW) + TILE <= outW;
}

/** Computes output rows r to r + 3, which are adjacent; `columns` is scratch for addresses. */
export function slide(cmd: usize, columns: usize, r: i32): void {
  fillColumns(cmd, r, columns);
  if (word(cmd, Word.KernelW) == 3) slide3(cmd, columns, r);
  else slide5(cmd, columns, r);
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

/** Four adjacent pixels, windows three wide. */
function slide3(cmd: usize, columns: usize, r: i32): void {
  const channels = word(cmd, Word.InChannels);
  const end = columns + <usize>word(cmd, Word.KernelH) * 24;
  const weights = pointer(cmd, Word.Weights);
  const bias = pointer(cmd, Word.Bias) || pointer(cmd, Word.Zero);
  const pitch = (<usize>channels) << 2;
  const out0 = outRow(cmd, r);
  const out1 = outRow(cmd, r + 1);
  const out2 = outRow(cmd, r + 2);
  const out3 = outRow(cmd, r + 3);
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
    let column = columns;
    do {
      const p0 = load<usize>(column) + offset;
      const p1 = load<usize>(column, 4) + offset;
      const p2 = load<usize>(column, 8) + offset;
      const p3 = load<usize>(column, 12) + offset;
      const p4 = load<usize>(column, 16) + offset;
      const p5 = load<usize>(column, 20) + offset;
      column += 24;
      {
        const w0 = v128.load(w);
        const w1 = v128.load(w + pitch);
        const w2 = v128.load(w + 2 * pitch);
        const x0 = v128.load(p0);
        a0 = madd(x0, w0, a0);
        const x1 = v128.load(p1);
        a0 = madd(x1, w1, a0);
        a1 = madd(x1, w0, a1);
        const x2 = v128.load(p2);
        a0 = madd(x2, w2, a0);
        a1 = madd(x2, w1, a1);
        a2 = madd(x2, w0, a2);
        const x3 = v128.load(p3);
        a1 = madd(x3, w2, a1);
        a2 = madd(x3, w1, a2);
        a3 = madd(x3, w0, a3);
        const x4 = v128.load(p4);
        a2 = madd(x4, w2, a2);
        a3 = madd(x4, w1, a3);
        const x5 = v128.load(p5);
        a3 = madd(x5, w2, a3);
      }
      {
        const w0 = v128.load(w, 16);
        const w1 = v128.load(w + pitch, 16);
        const w2 = v128.load(w + 2 * pitch, 16);
        const x0 = v128.load(p0, 16);
        b0 = madd(x0, w0, b0);
        const x1 = v128.load(p1, 16);
        b0 = madd(x1, w1, b0);
        b1 = madd(x1, w0, b1);
        const x2 = v128.load(p2, 16);
        b0 = madd(x2, w2, b0);
        b1 = madd(x2, w1, b1);
        b2 = madd(x2, w0, b2);
        const x3 = v128.load(p3, 16);
        b1 = madd(x3, w2, b1);
        b2 = madd(x3, w1, b2);
        b3 = madd(x3, w0, b3);
        const x4 = v128.load(p4, 16);
        b2 = madd(x4, w2, b2);
        b3 = madd(x4, w1, b3);
        const x5 = v128.load(p5, 16);
        b3 = madd(x5, w2, b3);
      }
      w += 3 * pitch;
    } while (column != end);
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

/** Four adjacent pixels, windows five wide. */
function slide5(cmd: usize, columns: usize, r: i32): void {
  const channels = word(cmd, Word.InChannels);
  const end = columns + <usize>word(cmd, Word.KernelH) * 32;
  const weights = pointer(cmd, Word.Weights);
  const bias = pointer(cmd, Word.Bias) || pointer(cmd, Word.Zero);
  const pitch = (<usize>channels) << 2;
  const out0 = outRow(cmd, r);
  const out1 = outRow(cmd, r + 1);
  const out2 = outRow(cmd, r + 2);
  const out3 = outRow(cmd, r + 3);
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
    let column = columns;
    do {
      const p0 = load<usize>(column) + offset;
      const p1 = load<usize>(column, 4) + offset;
      const p2 = load<usize>(column, 8) + offset;
      const p3 = load<usize>(column, 12) + offset;
      const p4 = load<usize>(column, 16) + offset;
      const p5 = load<usize>(column, 20) + offset;
      const p6 = load<usize>(column, 24) + offset;
      const p7 = load<usize>(column, 28) + offset;
      column += 32;
      {
        const w0 = v128.load(w);
        const w1 = v128.load(w + pitch);
        const w2 = v128.load(w + 2 * pitch);
        const w3 = v128.load(w + 3 * pitch);
        const w4 = v128.load(w + 4 * pitch);
        const x0 = v128.load(p0);
        a0 = madd(x0, w0, a0);
        const x1 = v128.load(p1);
        a0 = madd(x1, w1, a0);
        a1 = madd(x1, w0, a1);
        const x2 = v128.load(p2);
        a0 = madd(x2, w2, a0);
        a1 = madd(x2, w1, a1);
        a2 = madd(x2, w0, a2);
        const x3 = v128.load(p3);
        a0 = madd(x3, w3, a0);
        a1 = madd(x3, w2, a1);
        a2 = madd(x3, w1, a2);
        a3 = madd(x3, w0, a3);
        const x4 = v128.load(p4);
        a0 = madd(x4, w4, a0);
        a1 = madd(x4, w3, a1);
        a2 = madd(x4, w2, a2);
        a3 = madd(x4, w1, a3);
        const x5 = v128.load(p5);
        a1 = madd(x5, w4, a1);
        a2 = madd(x5, w3, a2);
        a3 = madd(x5, w2, a3);
        const x6 = v128.load(p6);
        a2 = madd(x6, w4, a2);
        a3 = madd(x6, w3, a3);
        const x7 = v128.load(p7);
        a3 = madd(x7, w4, a3);
      }
      {
        const w0 = v128.load(w, 16);
        const w1 = v128.load(w + pitch, 16);
        const w2 = v128.load(w + 2 * pitch, 16);
        const w3 = v128.load(w + 3 * pitch, 16);
        const w4 = v128.load(w + 4 * pitch, 16);
        const x0 = v128.load(p0, 16);
        b0 = madd(x0, w0, b0);
        const x1 = v128.load(p1, 16);
        b0 = madd(x1, w1, b0);
        b1 = madd(x1, w0, b1);
        const x2 = v128.load(p2, 16);
        b0 = madd(x2, w2, b0);
        b1 = madd(x2, w1, b1);
        b2 = madd(x2, w0, b2);
        const x3 = v128.load(p3, 16);
        b0 = madd(x3, w3, b0);
        b1 = madd(x3, w2, b1);
        b2 = madd(x3, w1, b2);
        b3 = madd(x3, w0, b3);
        const x4 = v128.load(p4, 16);
        b0 = madd(x4, w4, b0);
        b1 = madd(x4, w3, b1);
        b2 = madd(x4, w2, b2);
        b3 = madd(x4, w1, b3);
        const x5 = v128.load(p5, 16);
        b1 = madd(x5, w4, b1);
        b2 = madd(x5, w3, b2);
        b3 = madd(x5, w2, b3);
        const x6 = v128.load(p6, 16);
        b2 = madd(x6, w4, b2);
        b3 = madd(x6, w3, b3);
        const x7 = v128.load(p7, 16);
        b3 = madd(x7, w4, b3);
      }
      w += 5 * pitch;
    } while (column != end);
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
