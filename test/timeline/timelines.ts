import type { KernelCall } from '../../src/arrays/recorder.js';
import { ROW_KERNELS } from '../../src/memory/kernels.js';
import type { RowKernelName } from '../../src/memory/kernels.js';
import { timelineOf } from '../../src/timeline/timeline.js';
import type { Timeline } from '../../src/timeline/timeline.js';

/** Layers of timelines made by hand. */
export const LAYERS = [
  { name: 'FusedConv2D', weight: 'stem/kernel', milliseconds: 0 },
  { name: 'MaxPool', milliseconds: 0 },
];

/** A kernel call as a lane notes it, at `start` milliseconds of some epoch. */
export function callOf(
  lane: number,
  start: number,
  end: number,
  options: { kernel?: RowKernelName; array?: 0 | 1; layer?: number } = {},
): KernelCall {
  const { kernel = 'f32_igemm_6x8', array = 0, layer = -1 } = options;
  return {
    lane,
    array,
    layer,
    clock: LAYERS[layer] ?? null,
    kernel: ROW_KERNELS.indexOf(kernel),
    rows: 8,
    start: 1000 + start,
    end: 1000 + end,
  };
}

/**
 * Two lanes over 10 ms: lane 0 works 4 ms on its own array and helps the other for 2, lane 1 works 3.
 */
export function twoLanes(): Timeline {
  const pool = { kernel: 'f32_maxpool', array: 1, layer: 1 } as const;
  const calls = [
    callOf(0, 8, 10, pool),
    callOf(0, 0, 4, { layer: 0 }),
    callOf(1, 2, 4, pool),
    callOf(1, 5, 6, { kernel: 'f32_add', array: 1 }),
  ];
  return timelineOf(calls, LAYERS, { lanes: 2, lost: 0 });
}
