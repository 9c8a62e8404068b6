import { arrayOfLane } from '../arrays/lane-setup.js';
import type { Clock } from '../arrays/job.js';
import type { KernelCall } from '../arrays/recorder.js';
import { ROW_KERNELS } from '../memory/kernels.js';

/** A kernel call on a lane. Times are milliseconds since the first kernel began. */
export interface TimelineEvent {
  lane: number;
  /** The virtual PE array that the unrolling table maps the work to. */
  array: 0 | 1;
  /** The layer's place in the profile's `layers`; null for work of no layer, such as an addition. */
  layer: number | null;
  /** The microkernel that ran. */
  kernel: string;
  /** Output rows (pixels) that it computed. */
  rows: number;
  start: number;
  end: number;
}

/** A thread that computes. */
export interface TimelineLane {
  /** The lane's number; 0 is the calling thread. */
  lane: number;
  /** The virtual PE array that it belongs to; it helps the other when it has nothing to do. */
  array: 0 | 1;
}

/** What each lane of both virtual PE arrays did when. */
export interface Timeline {
  /** From the beginning of the first kernel to the end of the last. */
  milliseconds: number;
  /** By array, then by number; those that could have worked and did not, too. */
  lanes: TimelineLane[];
  /** In order of their beginning; those of one lane do not overlap. */
  events: TimelineEvent[];
  /** Kernel calls that are missing here, because a lane had no room to note more. */
  lost: number;
}

/**
 * The timeline of recorded kernel calls.
 *
 * @param layers the layers' clocks, in the order of the profile's layers
 * @param lanes threads that could take work
 */
export function timelineOf(
  calls: readonly KernelCall[],
  layers: readonly Clock[],
  { lanes, lost }: { lanes: number; lost: number },
): Timeline {
  const numbers = new Map(layers.map((layer, number) => [layer, number]));
  const origin = calls.reduce((first, { start }) => Math.min(first, start), Infinity);
  const events = calls
    .map(({ lane, array, clock, kernel, rows, start, end }): TimelineEvent => ({
      lane,
      array,
      layer: (clock && numbers.get(clock)) ?? null,
      kernel: ROW_KERNELS[kernel],
      rows,
      start: start - origin,
      end: end - origin,
    }))
    .sort((a, b) => a.start - b.start);
  return {
    milliseconds: events.reduce((last, { end }) => Math.max(last, end), 0),
    lanes: lanesOf(events, lanes),
    events,
    lost,
  };
}

/** The lanes that worked, and as many idle ones as it takes to make `count`. */
function lanesOf(events: readonly TimelineEvent[], count: number): TimelineLane[] {
  const numbers = new Set(events.map(({ lane }) => lane));
  for (let lane = 0; numbers.size < count; lane++) numbers.add(lane);
  return [...numbers]
    .map((lane) => ({ lane, array: arrayOfLane(lane) }))
    .sort((a, b) => a.array - b.array || a.lane - b.lane);
}
