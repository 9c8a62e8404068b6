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

/**
 * How many rows from `r0` on, at most up to `r1`, are one run of numbers in the output and in the first
 * input: all of them, or those before a ring begins anew. 0 where rows are picked from a list, or
 * have gaps between them; then it is 0 for any rows.
 */
export function flatRows(cmd: usize, r0: i32, r1: i32): i32 {
  if (pointer(cmd, Word.OutPixels) | pointer(cmd, Word.InRowOf)) return 0;
  const rows = contiguousRows(cmd, Word.OutMask, Word.OutStride, r0, r1);
  return min(rows, contiguousRows(cmd, Word.InMask, Word.InStride, r0, r1));
}

/** The same of both inputs. */
export function flatRows2(cmd: usize, r0: i32, r1: i32): i32 {
  if (pointer(cmd, Word.In2RowOf)) return 0;
  return min(
    flatRows(cmd, r0, r1),
    contiguousRows(cmd, Word.In2Mask, Word.In2Stride, r0, r1),
  );
}

function contiguousRows(cmd: usize, mask: i32, stride: i32, r0: i32, r1: i32): i32 {
  if (word(cmd, stride) != word(cmd, Word.InChannels) << 2) return 0;
  // As unsigned numbers: the mask of what is no ring has all bits set.
  const ring = <u32>word(cmd, mask);
  const left = ring - (r0 & ring);
  return left < <u32>(r1 - r0) ? <i32>left + 1 : r1 - r0;
}
