import * as tf from '@tensorflow/tfjs-core';
import { required } from './operation.js';
import type { Call, Operation } from './operation.js';

/*
 * Reshape and ExpandDims keep the data id: tfjs-backend-wasm's kernels count one more tensor on it
 * and never look at the values, so they may stay deferred.
 */
function reshape(name: string): Operation {
  return {
    name,
    defer(call: Call) {
      required(call, name === tf.Reshape ? 'x' : 'input');
      const { inputs, attrs, backend, wasm } = call;
      return wasm.kernelFunc({
        inputs: inputs as tf.NamedTensorInfoMap,
        attrs,
        backend,
      }) as tf.TensorInfo;
    },
  };
}

export const reshapes: Operation[] = [reshape(tf.Reshape), reshape(tf.ExpandDims)];
