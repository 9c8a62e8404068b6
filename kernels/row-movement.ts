/** Kernels that move rows of InChannels float32 between dense, compact and padded buffers. */
import { Word } from './command';
import { copyRow, fillRow } from './row-copy';
import { flatRows, float, inPixelRow, inRow, outPixel, outRow, pointer, word } from './rows';

/** Output row r = the input row of its pixel; zeros when that is absent. */
export function rows_gather(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const channels = word(cmd, Word.InChannels);
  if (flatRows(cmd, r0, r1)) {
    copyFlat(cmd, r0, r1);
    return;
  }
  for (let r = r0; r < r1; r++) {
    copyRow(outRow(cmd, r), inPixelRow(cmd, outPixel(cmd, r)), channels);
  }
}

/** The output row of pixel OutPixels[r] = input row r. The output is dense. */
export function rows_scatter(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const channels = word(cmd, Word.InChannels);
  if (flatRows(cmd, r0, r1)) {
    copyFlat(cmd, r0, r1);
    return;
  }
  for (let r = r0; r < r1; r++) {
    copyRow(outRow(cmd, outPixel(cmd, r)), inRow(cmd, r), channels);
  }
}

/** Copies rows that are runs of numbers on both sides. */
function copyFlat(cmd: usize, r0: i32, r1: i32): void {
  const stride = pointer(cmd, Word.InStride);
  for (let r = r0; r < r1; ) {
    const rows = flatRows(cmd, r, r1);
    memory.copy(outRow(cmd, r), inRow(cmd, r), <usize>rows * stride);
    r += rows;
  }
}

/**
 * Output pixel (y, x) = input pixel (y - PadTop, x - PadLeft): zeros when that is absent, Min in
 * every channel when it lies outside the image. Negative padding crops.
 */
export function rows_pad(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const padTop = word(cmd, Word.PadTop);
  const padLeft = word(cmd, Word.PadLeft);
  const channels = word(cmd, Word.InChannels);
  const value = float(cmd, Word.Min);
  const pitch = (<usize>channels) << 2;
  const runs = isDense(cmd);
  for (let r = r0; r < r1; ) {
    const p = outPixel(cmd, r);
    const line = p / outW;
    const n = line / outH;
    const y = line - n * outH - padTop;
    const x = p - line * outW - padLeft;
    const out = outRow(cmd, r);
    if (<u32>y >= <u32>inH || <u32>x >= <u32>inW) {
      fillRow(out, value, channels);
      r++;
    } else if (runs) {
      const pixels = min(min(inW - x, outW - x - padLeft), r1 - r);
      memory.copy(out, inRow(cmd, (n * inH + y) * inW + x), (<usize>pixels) * pitch);
      r += pixels;
    } else {
      copyRow(out, inPixelRow(cmd, (n * inH + y) * inW + x), channels);
      r++;
    }
  }
}

/** Whether every pixel of the output and of the input is a row, and rows lie one after the other. */
function isDense(cmd: usize): bool {
  const pitch = word(cmd, Word.InChannels) << 2;
  return (
    (pointer(cmd, Word.OutPixels) | pointer(cmd, Word.InRowOf)) == 0 &&
    (word(cmd, Word.OutMask) & word(cmd, Word.InMask)) == -1 &&
    word(cmd, Word.OutStride) == pitch &&
    word(cmd, Word.InStride) == pitch
  );
}
