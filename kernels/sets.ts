/**
 * Sets of pixels: ascending lists of i32, their inverse tables (row of each pixel, -1 when absent)
 * and bitmaps (one byte per pixel, 0 or 1).
 */
import { Word } from './command';
import { item, word } from './rows';
import { linearCoordinate, nearestCoordinate, scale } from './resize';

/**
 * The pixels, among the `withinCount` in the list `within` (0: all `total` pixels), whose value is
 * not zero (`invert`: is zero), to `pixels`, which has room for as many as there are candidates.
 * Returns their number.
 *
 * Pixel p has value number p % period (masks that repeat over a batch), which lies in row
 * valueRowOf[number] (0: in row `number`; negative: the value is zero), at values + row * stride.
 * NaN is not zero. `*allOnes` becomes 1 when all the candidates' values are 0 or 1, else 0.
 */
export function set_nonzero_f32(
  values: usize,
  stride: usize,
  total: i32,
  within: usize,
  withinCount: i32,
  period: i32,
  valueRowOf: usize,
  invert: i32,
  pixels: usize,
  allOnes: usize,
): i32 {
  return nonZero<f32>(
    values, stride, total, within, withinCount, period, valueRowOf, invert, pixels, allOnes,
  );
}

/** `set_nonzero_f32` for values of int32. */
export function set_nonzero_i32(
  values: usize,
  stride: usize,
  total: i32,
  within: usize,
  withinCount: i32,
  period: i32,
  valueRowOf: usize,
  invert: i32,
  pixels: usize,
  allOnes: usize,
): i32 {
  return nonZero<i32>(
    values, stride, total, within, withinCount, period, valueRowOf, invert, pixels, allOnes,
  );
}

/** `set_nonzero_f32` for values of one byte (bool). */
export function set_nonzero_u8(
  values: usize,
  stride: usize,
  total: i32,
  within: usize,
  withinCount: i32,
  period: i32,
  valueRowOf: usize,
  invert: i32,
  pixels: usize,
  allOnes: usize,
): i32 {
  return nonZero<u8>(
    values, stride, total, within, withinCount, period, valueRowOf, invert, pixels, allOnes,
  );
}

@inline
function nonZero<T>(
  values: usize,
  stride: usize,
  total: i32,
  within: usize,
  withinCount: i32,
  period: i32,
  valueRowOf: usize,
  invert: i32,
  pixels: usize,
  allOnes: usize,
): i32 {
  const candidates = within ? withinCount : total;
  if (!within && !valueRowOf && period >= total && stride == sizeof<f32>() && isFloat<T>()) {
    return nonZeroOfAll(values, total, invert, pixels, allOnes);
  }
  let out = pixels;
  let others = 0;
  for (let i = 0; i < candidates; i++) {
    const p = within ? item(within, i) : i;
    const number = p < period ? p : p % period;
    const row = valueRowOf ? item(valueRowOf, number) : number;
    const value: T = row < 0 ? <T>0 : load<T>(values + (<usize>row) * stride);
    const selected = i32(value != <T>0);
    others |= selected & i32(value != <T>1);
    // Stored whether selected or not: cheaper than a branch on an irregular mask.
    store<i32>(out, p);
    out += (<usize>(selected ^ invert)) << 2;
  }
  store<i32>(allOnes, i32(!others));
  return <i32>((out - pixels) >> 2);
}

/** The same for float32 that lie one after the other, a value a pixel: masks are of one piece, mostly. */
function nonZeroOfAll(
  values: usize,
  total: i32,
  invert: i32,
  pixels: usize,
  allOnes: usize,
): i32 {
  const flip = invert ? 15 : 0;
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  let others = zero;
  let numbers = i32x4(0, 1, 2, 3);
  let out = pixels;
  let p = 0;
  for (; p + 4 <= total; p += 4, values += 16) {
    const x = v128.load(values);
    const isSelected = f32x4.ne(x, zero);
    others = v128.or(others, v128.and(isSelected, f32x4.ne(x, one)));
    let bits = i32x4.bitmask(isSelected) ^ flip;
    if (bits == 15) {
      v128.store(out, numbers);
      out += 16;
    } else {
      for (; bits; bits &= bits - 1, out += 4) store<i32>(out, p + ctz(bits));
    }
    numbers = i32x4.add(numbers, i32x4.splat(4));
  }
  let isOther = v128.any_true(others);
  for (; p < total; p++, values += 4) {
    const x = load<f32>(values);
    isOther = isOther || (x != 0 && x != 1);
    if (i32(x != 0) != invert) {
      store<i32>(out, p);
      out += 4;
    }
  }
  store<i32>(allOnes, i32(!isOther));
  return <i32>((out - pixels) >> 2);
}

/**
 * Marks in `bitmap` (all pixels of `images` inputs; cleared first) every input pixel that the
 * windows of the `count` output pixels in the list `pixels` (count -1: of all) read.
 */
export function set_dilate(
  cmd: usize,
  pixels: usize,
  count: i32,
  bitmap: usize,
  images: i32,
): void {
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
  clearBitmap(cmd, bitmap, images);
  const all = count < 0;
  if (all) count = images * outH * outW;
  // The windows of pixels side by side read one piece of a line.
  const canRun = dilationW == 1 && strideW <= kernelW;
  for (let i = 0, run = 1; i < count; i += run) {
    const p = all ? i : item(pixels, i);
    const line = p / outW;
    const x = p - line * outW;
    const n = line / outH;
    run = 1;
    if (canRun) {
      const most = min(count - i, outW - x);
      while (run < most && (all || item(pixels, i + run) == p + run)) run++;
    }
    const left = x * strideW - padLeft;
    const right = left + (run - 1) * strideW + (kernelW - 1) * dilationW;
    let iy = (line - n * outH) * strideH - padTop;
    for (let ky = 0; ky < kernelH; ky++, iy += dilationH) {
      if (<u32>iy >= <u32>inH) continue;
      const marks = bitmap + <usize>((n * inH + iy) * inW);
      if (canRun) {
        markAll(marks + <usize>max(left, 0), marks + <usize>(min(right, inW - 1) + 1));
      } else {
        for (let ix = left; ix <= right; ix += dilationW) {
          if (<u32>ix < <u32>inW) store<u8>(marks + <usize>ix, 1);
        }
      }
    }
  }
}

/** Marks the pixels from the address `from` up to `to`, if any. */
@inline
function markAll(from: usize, to: usize): void {
  for (; from + 8 <= to; from += 8) store<u64>(from, 0x0101010101010101);
  for (; from < to; from++) store<u8>(from, 1);
}

/** As `set_dilate`, for the input pixels that `f32_resize_nearest` reads. */
export function set_resize_nearest(
  cmd: usize,
  pixels: usize,
  count: i32,
  bitmap: usize,
  images: i32,
): void {
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const align = word(cmd, Word.Param0);
  const half = word(cmd, Word.Param1);
  const scaleY = scale(inH, outH, align);
  const scaleX = scale(inW, outW, align);
  clearBitmap(cmd, bitmap, images);
  const all = count < 0;
  if (all) count = images * outH * outW;
  for (let i = 0; i < count; i++) {
    const p = all ? i : item(pixels, i);
    const line = p / outW;
    const n = line / outH;
    const y = nearestCoordinate(line - n * outH, scaleY, inH, align, half);
    const x = nearestCoordinate(p - line * outW, scaleX, inW, align, half);
    store<u8>(bitmap + <usize>((n * inH + y) * inW + x), 1);
  }
}

/** As `set_dilate`, for the input pixels that `f32_resize_bilinear` gives any weight. */
export function set_resize_bilinear(
  cmd: usize,
  pixels: usize,
  count: i32,
  bitmap: usize,
  images: i32,
): void {
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const align = word(cmd, Word.Param0);
  const half = word(cmd, Word.Param1);
  const scaleY = scale(inH, outH, align);
  const scaleX = scale(inW, outW, align);
  clearBitmap(cmd, bitmap, images);
  const all = count < 0;
  if (all) count = images * outH * outW;
  for (let i = 0; i < count; i++) {
    const p = all ? i : item(pixels, i);
    const line = p / outW;
    const n = line / outH;
    const y = linearCoordinate(line - n * outH, scaleY, inH, align, half);
    const x = linearCoordinate(p - line * outW, scaleX, inW, align, half);
    const top = <i32>y;
    const left = <i32>x;
    const bottom = y > <f32>top ? min(top + 1, inH - 1) : top;
    const right = x > <f32>left ? min(left + 1, inW - 1) : left;
    const topMarks = bitmap + <usize>((n * inH + top) * inW);
    const bottomMarks = bitmap + <usize>((n * inH + bottom) * inW);
    store<u8>(topMarks + <usize>left, 1);
    store<u8>(topMarks + <usize>right, 1);
    store<u8>(bottomMarks + <usize>left, 1);
    store<u8>(bottomMarks + <usize>right, 1);
  }
}

function clearBitmap(cmd: usize, bitmap: usize, images: i32): void {
  memory.fill(bitmap, 0, <usize>(images * word(cmd, Word.InH) * word(cmd, Word.InW)));
}

/** The marked pixels of a bitmap of `total`, to `pixels`, which has room for all. Their number. */
export function set_from_bitmap(bitmap: usize, total: i32, pixels: usize): i32 {
  let out = pixels;
  for (let p = 0; p < total; p++) {
    store<i32>(out, p);
    out += (<usize>load<u8>(bitmap + <usize>p)) << 2;
  }
  return <i32>((out - pixels) >> 2);
}

/** Makes `bitmap` of `total` pixels the bitmap of a set. */
export function set_to_bitmap(pixels: usize, count: i32, total: i32, bitmap: usize): void {
  memory.fill(bitmap, 0, <usize>total);
  bitmap_mark_pixels(pixels, count, bitmap);
}

/** Marks the pixels of a set: union. */
export function bitmap_mark_pixels(pixels: usize, count: i32, bitmap: usize): void {
  for (let i = 0; i < count; i++) store<u8>(bitmap + <usize>item(pixels, i), 1);
}

/** The table of rows of `total` pixels: the place of each in a set, -1 when absent. */
export function set_row_of(pixels: usize, count: i32, total: i32, rowOf: usize): void {
  memory.fill(rowOf, 0xff, (<usize>total) << 2);
  for (let i = 0; i < count; i++) store<i32>(rowOf + ((<usize>item(pixels, i)) << 2), i);
}
