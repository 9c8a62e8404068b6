import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { assertLeavesNothing, dynconv } from '../backend/footprint.js';
import { filter, quarters } from '../backend/random-tensors.js';
import { machine } from './machine.js';

describe('weights that are computed', () => {
  let x: tf.Tensor4D;
  let kernels: tf.Tensor4D[];

  before(async () => {
    const { lanes } = await machine();
    // Everything is ready for lanes to share; the calling thread does what they would.
    Object.defineProperty(lanes, 'ready', { value: 2, configurable: true });
    x = quarters([1, 16, 16, 4], 1) as tf.Tensor4D;
    kernels = [filter([3, 3, 4, 4], 2), filter([3, 3, 4, 4], 3)];
  });
  after(async () => {
    Reflect.deleteProperty(dynconv().runtime.lanes, 'ready');
    tf.dispose([x, ...kernels]);
    await tf.setBackend('cpu');
  });

  /** A layer whose filter is computed, and what else reads that filter; and whether it was deferred then. */
  function predict(): { values: ArrayLike<number>[]; isDeferred: boolean; isSpeculated: boolean } {
    return tf.tidy(() => {
      const kernel = tf.relu(kernels[1]);
      const y = tf.tidy(() => {
        const first = tf.tidy(() => tf.conv2d(x, kernels[0], 1, 'same'));
        return tf.relu(tf.tidy(() => tf.conv2d(first, kernel, 1, 'same')));
      });
      const later = tf.relu(x);
      const read = tf.exp(kernel);
      const storageOf = ({ dataId }: tf.Tensor) => dynconv().slot(dataId).storage;
      const isDeferred = storageOf(read)?.node !== null;
      const isSpeculated = Boolean(storageOf(y)?.speculated);
      return { values: [y, read, later].map((z) => z.dataSync()), isDeferred, isSpeculated };
    });
  }

  it('stay deferred to others however far the lanes have come', () => {
    const first = predict();
    let speculated = 0;
    for (let run = 0; run < 5; run++) {
      const { values, isDeferred, isSpeculated } = predict();
      assert.deepEqual(values, first.values);
      assert.equal(isDeferred, first.isDeferred);
      speculated += Number(isSpeculated);
    }
    assert.isAbove(speculated, 0);
  });

  it('leave nothing behind', () => assertLeavesNothing(predict));
});
