import * as tf from '@tensorflow/tfjs-core';
import type { Call, Operation } from '../lowering/operation.js';

/**
 * Identity keeps the data id and counts one more tensor on it, as the cpu backend does: TensorFlow.js takes
 * a new id for a leak where an operation keeps a clone for its gradient. Deferred values stay deferred.
 */
export const identity: Operation = {
  name: tf.Identity,
  defer({ tensors, backend }: Call) {
    const { dataId, shape, dtype } = tensors.x!;
    backend.incRef(dataId);
    return { dataId, shape, dtype };
  },
};
