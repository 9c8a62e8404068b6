import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { filter, quarters } from './random-tensors.js';

/** Transposed convolutions of any kernel, stride and padding, against the cpu backend. */
describe('conv2dTranspose', () => {
  after(() => tf.setBackend('cpu'));

  const length = (max: number) => fc.integer({ min: 1, max });
  const anyCase = fc.record({
    batch: length(2),
    size: fc.tuple(length(9), length(9)),
    kernel: fc.tuple(length(5), length(5)),
    strides: fc.tuple(length(4), length(4)),
    channels: fc.tuple(length(11), length(11)),
    padding: fc.constantFrom('same' as const, 'valid' as const),
    seed: length(1000),
  });

  /** Pixels of the smaller map along one axis. */
  const smaller = (size: number, kernel: number, stride: number, padding: 'same' | 'valid') =>
    Math.ceil((padding === 'same' ? size : Math.max(0, size - kernel + 1)) / stride);

  it('gives what the cpu backend gives', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (test) => {
        const { batch, size, kernel, strides, channels, padding, seed } = test;
        const [height, width] = [0, 1].map((axis) =>
          smaller(size[axis], kernel[axis], strides[axis], padding),
        );
        fc.pre(height > 0 && width > 0);
        const outputs: tf.TypedArray[] = [];
        for (const backend of ['cpu', 'dynconv']) {
          await tf.setBackend(backend);
          const [out, input] = channels;
          const output = tf.tidy(() =>
            tf.conv2dTranspose(
              quarters([batch, height, width, input], seed) as tf.Tensor4D,
              filter([...kernel, out, input], seed + 1),
              [batch, ...size, out],
              strides,
              padding,
            ),
          );
          outputs.push(output.dataSync());
          output.dispose();
        }
        const [expected, actual] = outputs;
        assertClose(actual, expected);
      }),
      { numRuns: 120 },
    );
  });
});
