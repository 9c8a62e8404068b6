/** Commands and the rows that they address. */
import { Word } from './command';

/** The integer or pointer in word `index` of the command. */
@inline
export function word(cmd: usize, index: i32): i32 {
  return load<i32>(cmd + ((<usize>index) << 2));
}

/** The pointer in word `index` of the command. */
@inline
export function pointer(cmd: usize, index: i32): usize {
  return load<usize>(cmd + ((<usize>index) << 2));
}

/** The float32 in word `index` of the command. */
@inline
export function float(cmd: usize, index: i32): f32 {
  return load<f32>(cmd + ((<usize>index) << 2));
}

/** Element `index` of the list of i32 at `list`. */
@inline
export function item(list: usize, index: i32): i32 {
  return load<i32>(list + ((<usize>index) << 2));
}

/** The pixel of output row `r`. */
@inline
export function outPixel(cmd: usize, r: i32): i32 {
  const pixels = pointer(cmd, Word.OutPixels);
  return pixels ? item(pixels, r) : r;
}

/** The address of output row `r`. */
@inline
export function outRow(cmd: usize, r: i32): usize {
  return (
    pointer(cmd, Word.OutBase) +
    <usize>(r & word(cmd, Word.OutMask)) * pointer(cmd, Word.OutStride)
  );
}

/** The address of row `r` of the first input. */
@inline
export function inRow(cmd: usize, r: i32): usize {
  return (
    pointer(cmd, Word.InBase) + <usize>(r & word(cmd, Word.InMask)) * pointer(cmd, Word.InStride)
  );
}

/** The address of the row of pixel `q` of the first input; the row of zeros when it is absent. */
@inline
export function inPixelRow(cmd: usize, q: i32): usize {
  const rowOf = pointer(cmd, Word.InRowOf);
  const r = rowOf ? item(rowOf, q) : q;
  return r < 0 ? pointer(cmd, Word.Zero) : inRow(cmd, r);
}

/** The address of the row of pixel `q` of the second input; the row of zeros when it is absent. */
@inline
export function in2PixelRow(cmd: usize, q: i32): usize {
  const rowOf = pointer(cmd, Word.In2RowOf);
  const r = rowOf ? item(rowOf, q) : q;
  if (r < 0) return pointer(cmd, Word.Zero);
  return (
    pointer(cmd, Word.In2Base) +
    <usize>(r & word(cmd, Word.In2Mask)) * pointer(cmd, Word.In2Stride)
  );
}

/** Whether rows [r0, r1) of the output and of the first input are one run of numbers each. */
export function isFlat(cmd: usize, r0: i32, r1: i32): bool {
  if (pointer(cmd, Word.OutPixels) | pointer(cmd, Word.InRowOf)) return false;
  return (
    isContiguous(cmd, Word.OutMask, Word.OutStride, r0, r1) &&
    isContiguous(cmd, Word.InMask, Word.InStride, r0, r1)
  );
}

/** Whether rows [r0, r1) of an operand lie one after the other, with no gap and no wrap. */
@inline
export function isContiguous(cmd: usize, mask: i32, stride: i32, r0: i32, r1: i32): bool {
  const ring = word(cmd, mask);
  const first: u32 = r0 & ring;
  return (
    word(cmd, stride) == word(cmd, Word.InChannels) << 2 &&
    first + <u32>(r1 - r0) - 1 <= <u32>ring
  );
}
