import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';

describe('the registration', () => {
  it('prefers this backend to the other CPU backends, whatever was imported first', () => {
    const { dynconv, ...others } = tf.engine().registryFactory;
    assert.containsAllKeys(others, ['cpu', 'wasm']);
    for (const { priority } of Object.values(others)) assert.isAbove(dynconv.priority, priority);
  });

  it('has every kernel that the cpu backend or the wasm backend has', () => {
    const names = (backend: string) =>
      tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
    assert.sameMembers(names('dynconv'), [...new Set([...names('cpu'), ...names('wasm')])]);
  });
});
