import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations.
import '@tensorflow/tfjs-layers';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { assertLeavesNothing } from './footprint.js';
import { predictor } from './predictor.js';
import { coins, filter, quarters } from './random-tensors.js';

describe('gradients', () => {
  const gradients = (): Float32Array[] =>
    tf.tidy(() => {
      const x = tf.relu(quarters([2, 6, 6, 4], 1));
      const weights = filter([3, 3, 4, 4], 9);
      const mask = coins([1, 6, 6, 1], 0.4, 3);
      const block = (input: tf.Tensor, kernel: tf.Tensor): tf.Scalar =>
        tf.sum(
          tf.square(
            tf.relu(
              tf.add(
                input,
                tf.mul(tf.conv2d(input as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same'), mask),
              ),
            ),
          ),
        );
      const { value, grads } = tf.valueAndGrads(block)([x, weights]);
      return [value, ...grads].map((tensor) => tensor.dataSync() as Float32Array);
    });

  it('through a masked block are those of the cpu backend', async () => {
    await tf.setBackend('cpu');
    const expected = gradients();
    await tf.setBackend('dynconv');
    const actual = gradients();
    actual.forEach((values, index) => {
      assertClose(values, expected[index]);
    });
  });

  it('train a masked network as the cpu backend does, and leave nothing', async () => {
    const train = (): Float32Array => {
      const model = predictor(8, 4, 1);
      const kernel = tf.tidy(() => tf.variable(filter([3, 3, 1, 1], 5)));
      const optimizer = tf.train.adam(0.05);
      for (let step = 0; step < 5; step++) {
        optimizer.minimize(() =>
          tf.mean(tf.square(tf.sub(tf.conv2d(model.predict(model.input), kernel, 1, 'same'), 1))),
        );
      }
      const values = kernel.dataSync() as Float32Array;
      optimizer.dispose();
      kernel.dispose();
      model.dispose();
      return values;
    };
    await tf.setBackend('cpu');
    const expected = train();
    await tf.setBackend('dynconv');
    await assertLeavesNothing(() => {
      assertClose(train(), expected, 1e-3);
    });
  });
});
