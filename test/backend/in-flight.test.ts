import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { filter, quarters } from './random-tensors.js';

describe('a tensor that is deferred on one whose data() is under way', () => {
  const TICKS = 6;
  let x: tf.Tensor4D;
  let w: tf.Tensor4D;

  before(async () => {
    await tf.setBackend('dynconv');
    x = quarters([1, 224, 224, 32], 1) as tf.Tensor4D;
    w = filter([3, 3, 32, 32], 2);
  });
  after(async () => {
    tf.dispose([x, w]);
    await tf.setBackend('cpu');
  });

  /** Waits for some turns of the event loop. */
  async function wait(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve));
  }

  const convolved = (): tf.Tensor4D => tf.conv2d(x, w, 1, 'same');
  /** What is read, and what is deferred on it, which reads what is behind it. */
  const pairs: Record<string, [() => tf.Tensor4D, (y: tf.Tensor4D) => tf.Tensor]> = {
    'a comparison, and its numbers': [
      () => tf.greater(convolved(), 0.5),
      (y) => tf.cast(y, 'float32'),
    ],
    'a border, and a convolution over it': [
      () => tf.pad(tf.relu(convolved()), [[0, 0], [1, 1], [1, 1], [0, 0]]), // prettier-ignore
      (y) => tf.conv2d(y, w, 1, 'valid'),
    ],
    'a mask for all channels, and what it masks': [
      () => tf.tile(tf.relu(tf.slice(convolved(), [0, 0, 0, 0], [1, 224, 224, 1])), [1, 1, 1, 32]),
      (y) => tf.mul(tf.depthwiseConv2d(x, tf.ones([1, 1, 32, 1]), 1, 'same'), y),
    ],
  };

  for (const [what, [make, next]] of Object.entries(pairs)) {
    it(`has its values: ${what}`, async () => {
      const expected = tf.tidy(() => next(make())).dataSync();
      let begun = 0;
      for (let turns = 0; turns < TICKS; turns++) {
        const y = tf.tidy(make);
        let isOver = false;
        const reading = y.data().then(() => {
          isOver = true;
        });
        await wait(turns);
        if (turns > 0 && !isOver) begun++;
        const z = tf.tidy(() => next(y));
        await reading;
        // Zeros may have another sign.
        assertClose(z.dataSync(), expected, 1e-6);
        tf.dispose([y, z]);
      }
      // On a machine that is too fast nothing was tried.
      if (begun === 0) assert.fail('every evaluation was over at once');
    });
  }
});
