/**
 * Pooling over the taps inside the image; an absent pixel inside it counts as zeros.
 *
 * Most windows lie inside the image and read rows that lie side by side, line by line: those are read
 * with a pointer a line. Of the others the taps are listed. Both go through the taps in the same
 * order, so that results are the same to the bit.
 */
import { Word } from './command';
import { item, outPixel, outRow, pointer, word } from './rows';
import { LANES, loadLanes, storeLanes, storePair } from './vector';

/** Taps that are summed before they are added to the total. */
const PARTIAL_TAPS: i32 = 64;
/** Bytes of an address. */
const ADDRESS: usize = 4;

/** The maximum of each channel; NaN never wins. At most 4096 taps. */
export function f32_maxpool(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  pool(cmd, r0, r1, scratch, true);
}

/** The mean of each channel over the taps inside the image. At most 4096 taps. */
export function f32_avgpool(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  pool(cmd, r0, r1, scratch, false);
}

@inline
function pool(cmd: usize, r0: i32, r1: i32, scratch: usize, isMax: bool): void {
  const channels = word(cmd, Word.InChannels);
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const height = word(cmd, Word.KernelH);
  const width = word(cmd, Word.KernelW);
  const strideH = word(cmd, Word.StrideH);
  const strideW = word(cmd, Word.StrideW);
  const padTop = word(cmd, Word.PadTop);
  const padLeft = word(cmd, Word.PadLeft);
  const isPlain =
    !pointer(cmd, Word.InRowOf) &&
    word(cmd, Word.DilationH) == 1 &&
    word(cmd, Word.DilationW) == 1 &&
    height * width <= PARTIAL_TAPS;
  const isRing = word(cmd, Word.InMask) != -1;
  /** Output rows of pixels side by side lie side by side, too. */
  const isFlat = !pointer(cmd, Word.OutPixels) && word(cmd, Word.OutMask) == -1;
  const outStride = pointer(cmd, Word.OutStride);
  const pitch = pointer(cmd, Word.InStride);
  const step = (<usize>strideW) * pitch;
  const linesEnd = scratch + (<usize>height) * ADDRESS;
  const count = f32x4.splat(<f32>(height * width));
  let last = -2;
  let x = 0;
  let y = 0;
  let image = 0;
  /** The scratch memory lists the lines of a window `shift` bytes before this one. */
  let isListed = false;
  let shift: usize = 0;
  for (let r = r0; r < r1; r++) {
    const p = outPixel(cmd, r);
    if (p == last + 1 && x + 1 < outW) {
      x++;
      shift += step;
    } else {
      isListed = false;
      const line = p / outW;
      x = p - line * outW;
      const n = line / outH;
      y = line - n * outH;
      image = n * inH * inW;
    }
    last = p;
    const iy = y * strideH - padTop;
    const ix = x * strideW - padLeft;
    let out = outRow(cmd, r);
    let isInside = isPlain && min(iy, ix) >= 0 && iy + height <= inH && ix + width <= inW;
    if (isInside && !isListed) {
      isInside = listLines(cmd, image + iy * inW + ix, scratch);
      isListed = isInside && !isRing;
      shift = 0;
    }
    if (!isInside) {
      reduceTaps(scratch, listTaps(cmd, image, iy, ix, scratch), channels, out, isMax);
      isListed = false;
      continue;
    }
    let run = 1;
    if (isListed && isFlat) {
      run = min(min(r1 - r, outW - x), (inW - width - ix) / strideW + 1);
    }
    const end = out + (<usize>run) * outStride;
    for (; out != end; out += outStride, shift += step) {
      if (width == 3) {
        reduceLines(scratch, linesEnd, shift, pitch, channels, out, count, isMax, 3, 3);
      } else if (width == 2) {
        reduceLines(scratch, linesEnd, shift, pitch, channels, out, count, isMax, 2, 2);
      } else {
        reduceLines(scratch, linesEnd, shift, pitch, channels, out, count, isMax, 0, width);
      }
    }
    shift -= step;
    x += run - 1;
    r += run - 1;
    last += run - 1;
  }
}

/**
 * Writes the address of each line of the window whose first tap is input row `first` to `dst`; false
 * if a line does not lie in one piece, for a ring begins anew in it.
 */
@inline
function listLines(cmd: usize, first: i32, dst: usize): bool {
  const base = pointer(cmd, Word.InBase);
  const stride = pointer(cmd, Word.InStride);
  const ring = word(cmd, Word.InMask);
  const inW = word(cmd, Word.InW);
  const across = word(cmd, Word.KernelW) - 1;
  let intact = true;
  for (let ky = word(cmd, Word.KernelH); ky; ky--, first += inW, dst += ADDRESS) {
    const row = first & ring;
    intact = intact && <u32>(row + across) <= <u32>ring;
    store<usize>(dst, base + <usize>row * stride);
  }
  return intact;
}

/**
 * The maximum or mean over lines of taps that lie side by side.
 *
 * @param lines where their addresses are listed, `shift` bytes too low
 * @param end of the list
 * @param pitch bytes from tap to tap
 * @param unrolled 2 or 3: the width of the window, known here; 0 for any other
 */
@inline
function reduceLines(
  lines: usize, end: usize, shift: usize, pitch: usize, channels: i32, out: usize, count: v128,
  isMax: bool, unrolled: i32, width: i32,
): void {
  let c = 0;
  for (; c + 2 * LANES <= channels; c += 2 * LANES) {
    const offset = (<usize>c) << 2;
    const from = shift + offset;
    let part0 = start(isMax);
    let part1 = part0;
    for (let line = lines; line < end; line += ADDRESS) {
      let address = load<usize>(line) + from;
      if (unrolled) {
        part0 = add(part0, v128.load(address), isMax);
        part1 = add(part1, v128.load(address, 16), isMax);
        part0 = add(part0, v128.load(address + pitch), isMax);
        part1 = add(part1, v128.load(address + pitch, 16), isMax);
        if (unrolled > 2) {
          part0 = add(part0, v128.load(address + 2 * pitch), isMax);
          part1 = add(part1, v128.load(address + 2 * pitch, 16), isMax);
        }
      } else {
        for (let kx = width; kx; kx--, address += pitch) {
          const x0 = v128.load(address);
          const x1 = v128.load(address, 16);
          part0 = add(part0, x0, isMax);
          part1 = add(part1, x1, isMax);
        }
      }
    }
    part0 = add(start(isMax), part0, isMax);
    part1 = add(start(isMax), part1, isMax);
    if (isMax) storePair(out + offset, part0, part1);
    else storePair(out + offset, f32x4.div(part0, count), f32x4.div(part1, count));
  }
  while (c < channels) {
    const offset = (<usize>c) << 2;
    const from = shift + offset;
    const some = min(LANES, channels - c);
    let part = start(isMax);
    for (let line = lines; line < end; line += ADDRESS) {
      let address = load<usize>(line) + from;
      for (let kx = width; kx; kx--, address += pitch) {
        part = add(part, some == LANES ? v128.load(address) : loadLanes(address, some), isMax);
      }
    }
    part = add(start(isMax), part, isMax);
    storeSome(out + offset, isMax ? part : f32x4.div(part, count), some);
    c += some;
  }
}

/** Writes the addresses of the taps inside the image to `dst`; returns their number. */
function listTaps(cmd: usize, image: i32, iy: i32, ix: i32, dst: usize): i32 {
  const rowOf = pointer(cmd, Word.InRowOf);
  const zero = pointer(cmd, Word.Zero);
  const base = pointer(cmd, Word.InBase);
  const stride = pointer(cmd, Word.InStride);
  const ring = word(cmd, Word.InMask);
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const width = word(cmd, Word.KernelW);
  const dilationH = word(cmd, Word.DilationH);
  const dilationW = word(cmd, Word.DilationW);
  const first = dst;
  for (let ky = word(cmd, Word.KernelH); ky; ky--, iy += dilationH) {
    if (<u32>iy >= <u32>inH) continue;
    const line = image + iy * inW;
    let at = ix;
    for (let kx = width; kx; kx--, at += dilationW) {
      if (<u32>at >= <u32>inW) continue;
      const row = rowOf ? item(rowOf, line + at) : line + at;
      store<usize>(dst, row < 0 ? zero : base + <usize>(row & ring) * stride);
      dst += ADDRESS;
    }
  }
  return <i32>((dst - first) / ADDRESS);
}

/** The maximum or mean over the listed taps. */
@inline
function reduceTaps(addresses: usize, inside: i32, channels: i32, out: usize, isMax: bool): void {
  const count = f32x4.splat(<f32>inside);
  for (let c = 0; c < channels; ) {
    const offset = (<usize>c) << 2;
    const some = min(LANES, channels - c);
    let total = start(isMax);
    // Sums of sums: a long chain of additions would lose the small ones to rounding.
    for (let t = 0; t < inside; ) {
      const end = min(t + PARTIAL_TAPS, inside);
      let part = start(isMax);
      for (; t < end; t++) {
        const address = load<usize>(addresses + (<usize>t) * ADDRESS) + offset;
        part = add(part, some == LANES ? v128.load(address) : loadLanes(address, some), isMax);
      }
      total = add(total, part, isMax);
    }
    storeSome(out + offset, isMax ? total : f32x4.div(total, count), some);
    c += some;
  }
}

@inline
function start(isMax: bool): v128 {
  return f32x4.splat(isMax ? -Infinity : 0);
}

@inline
function add(sum: v128, x: v128, isMax: bool): v128 {
  return isMax ? f32x4.pmax(sum, x) : f32x4.add(sum, x);
}

/** Stores the first `count` (1 to 4) lanes. */
@inline
function storeSome(out: usize, x: v128, count: i32): void {
  if (count == LANES) v128.store(out, x);
  else storeLanes(out, x, count);
}
