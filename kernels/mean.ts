/** The mean of whole images. */
import { Word } from './command';
import { inPixelRow, outPixel, outRow, word } from './rows';
import { LANES, loadLanes, storeLanes } from './vector';

/** Pixels that are summed before they are added to the total. */
const PARTIAL_PIXELS: i32 = 64;
/** Channels summed at a time: a cache line of each row. */
const STEP: i32 = 4 * LANES;

/** Each channel's mean over the InH x InW pixels of image OutPixels[r]; an absent pixel is zeros. */
export function f32_mean(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const pixels = word(cmd, Word.InH) * word(cmd, Word.InW);
  const channels = word(cmd, Word.InChannels);
  const count = f32x4.splat(<f32>pixels);
  for (let r = r0; r < r1; r++) {
    const first = outPixel(cmd, r) * pixels;
    const end = first + pixels;
    const out = outRow(cmd, r);
    let c = 0;
    for (; c + STEP <= channels; c += STEP) lineMean(cmd, first, end, count, out, (<usize>c) << 2);
    for (; c < channels; c += LANES) {
      const offset = (<usize>c) << 2;
      const mean = f32x4.div(sum(cmd, first, end, offset, min(LANES, channels - c)), count);
      if (c + LANES <= channels) v128.store(out + offset, mean);
      else storeLanes(out + offset, mean, channels - c);
    }
  }
}

/** The mean of a step of channels. */
function lineMean(
  cmd: usize,
  first: i32,
  end: i32,
  count: v128,
  out: usize,
  offset: usize,
): void {
  let total0 = f32x4.splat(0);
  let total1 = total0;
  let total2 = total0;
  let total3 = total0;
  // Sums of sums: a long chain of additions would lose the small ones to rounding.
  for (let q = first; q < end; ) {
    const stop = min(q + PARTIAL_PIXELS, end);
    let part0 = f32x4.splat(0);
    let part1 = part0;
    let part2 = part0;
    let part3 = part0;
    for (; q < stop; q++) {
      const row = inPixelRow(cmd, q) + offset;
      part0 = f32x4.add(part0, v128.load(row));
      part1 = f32x4.add(part1, v128.load(row, 16));
      part2 = f32x4.add(part2, v128.load(row, 32));
      part3 = f32x4.add(part3, v128.load(row, 48));
    }
    total0 = f32x4.add(total0, part0);
    total1 = f32x4.add(total1, part1);
    total2 = f32x4.add(total2, part2);
    total3 = f32x4.add(total3, part3);
  }
  v128.store(out + offset, f32x4.div(total0, count));
  v128.store(out + offset, f32x4.div(total1, count), 16);
  v128.store(out + offset, f32x4.div(total2, count), 32);
  v128.store(out + offset, f32x4.div(total3, count), 48);
}

/** The sum of up to four channels. */
function sum(cmd: usize, first: i32, end: i32, offset: usize, lanes: i32): v128 {
  let total = f32x4.splat(0);
  for (let q = first; q < end; ) {
    const stop = min(q + PARTIAL_PIXELS, end);
    let part = f32x4.splat(0);
    for (; q < stop; q++) {
      const at = inPixelRow(cmd, q) + offset;
      part = f32x4.add(part, lanes == LANES ? v128.load(at) : loadLanes(at, lanes));
    }
    total = f32x4.add(total, part);
  }
  return total;
}
