/** Pooling over the taps inside the image; an absent pixel inside it counts as zeros. */
import { Word } from './command';
import { outRow, word } from './rows';
import { LANES, loadLanes, storeLanes, storePair } from './vector';
import { fillWindows, TAP_BYTES, taps, TILE } from './window';

/** What marks a tap outside the image. */
const OUTSIDE: usize = 0;
/** Taps that are summed before they are added to the total. */
const PARTIAL_TAPS: i32 = 64;

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
  const window = taps(cmd);
  const channels = word(cmd, Word.InChannels);
  for (let r = r0; r < r1; r += TILE) {
    const rows = min(TILE, r1 - r);
    fillWindows(cmd, r, rows, OUTSIDE, scratch);
    for (let i = 0; i < rows; i++) {
      const windows = scratch + ((<usize>i) << 2);
      const inside = gatherInside(windows, window);
      const out = outRow(cmd, r + i);
      let c = 0;
      for (; c + 2 * LANES <= channels; c += 2 * LANES) {
        reducePair(windows, inside, (<usize>c) << 2, out, isMax);
      }
      for (; c + LANES <= channels; c += LANES) {
        const offset = (<usize>c) << 2;
        v128.store(out + offset, reduce(windows, inside, offset, LANES, isMax));
      }
      if (c < channels) {
        const offset = (<usize>c) << 2;
        const count = channels - c;
        storeLanes(out + offset, reduce(windows, inside, offset, count, isMax), count);
      }
    }
  }
}

/** The maximum or mean of up to four channels over `inside` taps. */
@inline
function reduce(windows: usize, inside: i32, offset: usize, count: i32, isMax: bool): v128 {
  let total = f32x4.splat(isMax ? -Infinity : 0);
  // Sums of sums: a long chain of additions would lose the small ones to rounding.
  for (let t = 0; t < inside; ) {
    const end = min(t + PARTIAL_TAPS, inside);
    let part = f32x4.splat(isMax ? -Infinity : 0);
    for (; t < end; t++) {
      const address = load<usize>(windows + (<usize>t) * TAP_BYTES) + offset;
      const x = count == LANES ? v128.load(address) : loadLanes(address, count);
      part = isMax ? f32x4.pmax(part, x) : f32x4.add(part, x);
    }
    total = isMax ? f32x4.pmax(total, part) : f32x4.add(total, part);
  }
  return isMax ? total : f32x4.div(total, f32x4.splat(<f32>inside));
}

/** As `reduce`, for eight channels, whose results go to `out`. */
@inline
function reducePair(windows: usize, inside: i32, offset: usize, out: usize, isMax: bool): void {
  let total0 = f32x4.splat(isMax ? -Infinity : 0);
  let total1 = total0;
  for (let t = 0; t < inside; ) {
    const end = min(t + PARTIAL_TAPS, inside);
    let part0 = f32x4.splat(isMax ? -Infinity : 0);
    let part1 = part0;
    for (; t < end; t++) {
      const address = load<usize>(windows + (<usize>t) * TAP_BYTES) + offset;
      const x0 = v128.load(address);
      const x1 = v128.load(address, 16);
      part0 = isMax ? f32x4.pmax(part0, x0) : f32x4.add(part0, x0);
      part1 = isMax ? f32x4.pmax(part1, x1) : f32x4.add(part1, x1);
    }
    total0 = isMax ? f32x4.pmax(total0, part0) : f32x4.add(total0, part0);
    total1 = isMax ? f32x4.pmax(total1, part1) : f32x4.add(total1, part1);
  }
  const count = f32x4.splat(<f32>inside);
  if (isMax) storePair(out + offset, total0, total1);
  else storePair(out + offset, f32x4.div(total0, count), f32x4.div(total1, count));
}

/** Moves the addresses of one row's taps inside the image to the front; returns their number. */
function gatherInside(windows: usize, window: i32): i32 {
  let inside = 0;
  for (let t = 0; t < window; t++) {
    const address = load<usize>(windows + (<usize>t) * TAP_BYTES);
    if (address == OUTSIDE) continue;
    store<usize>(windows + (<usize>inside) * TAP_BYTES, address);
    inside++;
  }
  return inside;
}
