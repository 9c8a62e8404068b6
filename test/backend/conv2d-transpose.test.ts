import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { filter, quarters } from './random-tensors.js';

/**
 * Transposed convolutions of any kernel, stride and padding, several of them through one filter (and
 * a convolution, which reads the same filter the other way), against the cpu backend.
 */
describe('conv2dTranspose', () => {
  after(() => tf.setBackend('cpu'));

  type Padding = 'same' | 'valid';
  const length = (max: number) => fc.integer({ min: 1, max });
  const pair = (max: number) => fc.tuple(length(max), length(max));
  const anyUse = fc.record({
    size: pair(9),
    strides: pair(4),
    padding: fc.constantFrom<Padding>('same', 'valid'),
  });
  const anyCase = fc.record({
    batch: length(2),
    kernel: pair(5),
    channels: pair(11),
    uses: fc.array(anyUse, { minLength: 1, maxLength: 4 }),
    seed: length(1000),
  });

  /** Pixels of the smaller map along one axis. */
  const smaller = (size: number, kernel: number, stride: number, padding: Padding) =>
    Math.ceil((padding === 'same' ? size : Math.max(0, size - kernel + 1)) / stride);

  it('gives what the cpu backend gives', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ batch, kernel, channels, uses, seed }) => {
        const [out, input] = channels;
        const maps = uses.map(({ size, strides, padding }) =>
          [0, 1].map((axis) => smaller(size[axis], kernel[axis], strides[axis], padding)),
        );
        fc.pre(maps.flat().every((size) => size > 0));
        const outputs: tf.TypedArray[][] = [];
        for (const backend of ['cpu', 'dynconv']) {
          await tf.setBackend(backend);
          const results = tf.tidy(() => {
            const weights = filter([...kernel, out, input], seed + 1);
            const image = quarters([batch, ...kernel, out], seed) as tf.Tensor4D;
            return [
              ...uses.map(({ size, strides, padding }, index) => {
                const map = quarters([batch, ...maps[index], input], seed + index) as tf.Tensor4D;
                return tf.conv2dTranspose(map, weights, [batch, ...size, out], strides, padding);
              }),
              tf.conv2d(image, weights, 1, 'valid'),
            ];
          });
          outputs.push(results.map((result) => result.dataSync()));
          tf.dispose(results);
        }
        const [expected, actual] = outputs;
        actual.forEach((values, index) => {
          assertClose(values, expected[index]);
        });
      }),
      { numRuns: 120 },
    );
  });
});
