import * as tf from '@tensorflow/tfjs-core';
import type { Call, Operation } from '../lowering/operation.js';

/*
 * Reshape and ExpandDims keep the data id: tfjs-backend-wasm's kernels count one more tensor on it
 * and never look at the values, so they may stay deferred.
 */
function reshape(name: string): Operation {
  return {
    name,
    defer({ tensors, attrs, backend, wasm }: Call) {
      return wasm.kernelFunc({ inputs: tensors, attrs, backend }) as tf.TensorInfo;
    },
  };
}

export const reshapes: Operation[] = [reshape(tf.Reshape), reshape(tf.ExpandDims)];
