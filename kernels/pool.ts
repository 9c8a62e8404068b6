/** Pooling over the taps inside the image; an absent pixel inside it counts as zeros. */
import { Word } from './command';
import { outRow, word } from './rows';
import { LANES, loadLanes, storeLanes } from './vector';
import { fillWindows, TAP_BYTES, taps, TILE } from './window';

/** What marks a tap outside the image. */
const OUTSIDE: usize = 0;

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
      for (; c + LANES <= channels; c += LANES) {
        const offset = (<usize>c) << 2;
        let sum = f32x4.splat(isMax ? -Infinity : 0);
        for (let t = 0; t < inside; t++) {
          const x = v128.load(load<usize>(windows + (<usize>t) * TAP_BYTES) + offset);
          sum = isMax ? f32x4.pmax(sum, x) : f32x4.add(sum, x);
        }
        v128.store(out + offset, isMax ? sum : f32x4.div(sum, f32x4.splat(<f32>inside)));
      }
      if (c < channels) {
        const offset = (<usize>c) << 2;
        const count = channels - c;
        let sum = f32x4.splat(isMax ? -Infinity : 0);
        for (let t = 0; t < inside; t++) {
          const x = loadLanes(load<usize>(windows + (<usize>t) * TAP_BYTES) + offset, count);
          sum = isMax ? f32x4.pmax(sum, x) : f32x4.add(sum, x);
        }
        storeLanes(out + offset, isMax ? sum : f32x4.div(sum, f32x4.splat(<f32>inside)), count);
      }
    }
  }
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
