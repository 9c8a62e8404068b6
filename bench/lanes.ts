import * as tf from '@tensorflow/tfjs-core';

/**
 * Sets how many threads the backend that is current, dynconv, computes on. The flag DYNCONV_LANES
 * is read when the backend starts; in a contest, one that has started runs on many and on one.
 */
export function setLanes(count: number): void {
  const { runtime } = tf.backend() as unknown as {
    runtime: { lanes: { start(lanes: number): void } };
  };
  runtime.lanes.start(count);
}
