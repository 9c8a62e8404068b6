import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { quarters } from './random-tensors.js';

/** Features [N, H, W, C]. */
export type Map4D = tf.Tensor4D;

/** A map of random multiples of a quarter, in memory. */
export function map(shape: [number, number, number, number], seed = 1): Map4D {
  return quarters(shape, seed) as Map4D;
}

/** A deferred map of the values of `x`. */
export function deferred(x: tf.Tensor): Map4D {
  const [channels] = x.shape.slice(-1);
  return tf.depthwiseConv2d(x as Map4D, tf.ones([1, 1, channels, 1]), 1, 'valid');
}

/** Declares specs: each case gives on dynconv what it gives on cpu. */
export function describeCases(
  title: string,
  cases: Record<string, () => tf.Tensor | tf.Tensor[]>,
): void {
  describe(title, () => {
    for (const [name, run] of Object.entries(cases)) {
      it(`gives what the cpu backend gives: ${name}`, async () => {
        const results: { shape: number[]; dtype: string; values: ArrayLike<number> }[][] = [];
        for (const backend of ['cpu', 'dynconv']) {
          await tf.setBackend(backend);
          results.push(
            tf.tidy(() =>
              [run()].flat().map((tensor) => ({
                shape: tensor.shape,
                dtype: tensor.dtype,
                values: tensor.dataSync(),
              })),
            ),
          );
        }
        const [expected, actual] = results;
        actual.forEach(({ shape, dtype, values }, index) => {
          const what = `result ${index}`;
          if (dtype !== expected[index].dtype) throw new Error(`${what} is of type ${dtype}`);
          if (shape.join() !== expected[index].shape.join())
            throw new Error(`${what} has shape ${shape}`);
          try {
            assertClose(values, expected[index].values);
          } catch (error) {
            throw new Error(`${what} differs`, { cause: error });
          }
        });
      });
    }
  });
}
