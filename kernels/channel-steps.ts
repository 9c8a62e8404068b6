/** Steps of two vectors through the channels of a row of at least one step. */

/** Channels computed at a time: two vectors, whose accumulators hide the latency of each other. */
export const STEP: i32 = 8;

/** The channel after `c` to start a step at: the last step overlaps the one before. */
@inline
export function nextChannel(c: i32, channels: i32): i32 {
  return c + STEP < channels ? min(c + STEP, channels - STEP) : channels;
}
