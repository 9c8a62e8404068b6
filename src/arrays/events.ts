import { LaneWord } from './control.js';

/** What a lane noted of one kernel call. */
export interface LaneEvent {
  /** The layer's number in the profile that is under way. */
  readonly layer: number;
  readonly kernel: number;
  /** The virtual PE array that the job was for. */
  readonly array: 0 | 1;
  /** How many rows (pixels) it computed. */
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

/** Words of an event in memory: layer, kernel, array, rows, start and end (both float64). */
const EVENT_WORDS = 8;
/** The most events that a lane keeps; it only counts what happens afterwards. */
export const MOST_EVENTS = 2 ** 14;

/** Bytes of a lane's events; they begin at a multiple of 8. */
export const EVENT_BYTES = MOST_EVENTS * EVENT_WORDS * 4;

/** Milliseconds since the epoch, on the clock that all threads share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Notes a kernel call, which ends now, for the lane whose words begin at `lane`. */
export function noteEvent(
  words: Int32Array,
  lane: number,
  layer: number,
  kernel: number,
  array: number,
  rows: number,
  start: number,
): void {
  const count = words[lane + LaneWord.EventCount]++;
  if (count >= MOST_EVENTS) return;
  const at = (words[lane + LaneWord.Events] >>> 2) + count * EVENT_WORDS;
  words[at] = layer;
  words[at + 1] = kernel;
  words[at + 2] = array;
  words[at + 3] = rows;
  const times = new Float64Array(words.buffer, (at + 4) * 4, 2);
  times[0] = start;
  times[1] = now();
}

/** How many events the lane whose words begin at `lane` could not keep since it was last asked. */
export function lostEvents(words: Int32Array, lane: number): number {
  return Math.max(0, words[lane + LaneWord.EventCount] - MOST_EVENTS);
}

/** What the lane whose words begin at `lane` has noted since it was last asked. */
export function takeEvents(words: Int32Array, lane: number): LaneEvent[] {
  const count = Math.min(words[lane + LaneWord.EventCount], MOST_EVENTS);
  const events: LaneEvent[] = [];
  for (let event = 0; event < count; event++) {
    const at = (words[lane + LaneWord.Events] >>> 2) + event * EVENT_WORDS;
    const [start, end] = new Float64Array(words.buffer, (at + 4) * 4, 2);
    const [layer, kernel, array, rows] = words.subarray(at, at + 4);
    events.push({ layer, kernel, array: array === 0 ? 0 : 1, rows, start, end });
  }
  words[lane + LaneWord.EventCount] = 0;
  return events;
}
