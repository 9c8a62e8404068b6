import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { BACKEND, register } from '../../src/register.js';

describe('another copy of the library', () => {
  it('leaves the kernels to the one whose backend is registered', () => {
    const kernels = tf.getKernelsForBackend(BACKEND);
    assert.isNotEmpty(kernels);
    register();
    for (const { kernelName, kernelFunc } of kernels) {
      assert.equal(tf.getKernel(kernelName, BACKEND).kernelFunc, kernelFunc);
    }
  });
});
