import * as tf from '@tensorflow/tfjs-core';
import { dynconv, restart } from '../backend/footprint.js';
import { until } from '../support/time.js';

/** Workers need shared memory, which a page has only if it is cross-origin isolated. */
export const HAS_WORKERS = typeof SharedArrayBuffer !== 'undefined';

/** Starts the backend anew on so many lanes, and waits until all of them run. */
export async function startWith(lanes: number): Promise<void> {
  tf.env().set('DYNCONV_LANES', lanes);
  await restart();
  if (HAS_WORKERS) await until(() => dynconv().runtime.lanes.ready === (lanes > 1 ? lanes : 0));
}
