import * as tf from '@tensorflow/tfjs-core';
import { random } from '../kernels/random.js';

/** Tensors of random values, which depend on nothing but the seed. */

/** Multiples of 1/4 in [-1, 1]: sums and products of a few layers of them are exact. */
export function quarters(shape: number[], seed: number): tf.Tensor {
  const next = random(seed);
  const values = Array.from({ length: size(shape) }, () => Math.round(8 * next() - 4) / 4);
  return tf.tensor(values, shape, 'float32');
}

/** A convolution's filter whose sums stay near the size of their terms. */
export function filter(shape: [number, number, number, number], seed: number): tf.Tensor4D {
  const fanIn = shape[0] * shape[1] * shape[2];
  const scale = 2 ** -Math.round(Math.log2(fanIn) / 2);
  return tf.tidy(() => tf.mul(quarters(shape, seed), scale));
}

/** Noughts and ones: a one with probability `density`, and surely with one of 0 or 1. */
export function coins(
  shape: number[],
  density: number,
  seed: number,
  dtype: 'float32' | 'int32' | 'bool' = 'float32',
): tf.Tensor {
  const next = random(seed);
  const values = Array.from({ length: size(shape) }, () => Number(next() < density));
  return tf.tensor(values, shape, dtype);
}

function size(shape: number[]): number {
  return tf.util.sizeFromShape(shape);
}
