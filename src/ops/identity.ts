import * as tf from '@tensorflow/tfjs-core';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';

/** Identity shares the values: nothing writes to values that two tensors have. */
export const identity: Operation = {
  name: tf.Identity,
  defer(call: Call) {
    return call.backend.share(required(call, 'x'));
  },
};
