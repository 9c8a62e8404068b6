import type { Tensor } from '@tensorflow/tfjs-core';
import { assert } from 'chai';

/** What somebody read of a tensor. */
export interface Reading {
  shape: number[];
  dtype: string;
  values: number[];
}

export function valuesOf(tensor: Tensor): Reading {
  const { shape, dtype } = tensor;
  return { shape, dtype, values: Array.from(tensor.dataSync()) };
}

const TOLERANCE = 1e-4;

/**
 * Asserts that tensors are of the same types and shapes, and that their values differ by rounding alone.
 * NaN and infinity are where they are expected.
 *
 * @param disturbed what is expected where intermediate values are disturbed by more than rounding
 *     does: what differs there is as unsure here
 */
export function assertSameValues(
  actual: Reading[],
  expected: Reading[],
  disturbed: Reading[][] = [],
): void {
  assert.equal(actual.length, expected.length, 'the number of results');
  expected.forEach((wanted, index) => {
    const { shape, dtype, values } = actual[index];
    const what = `result ${index}`;
    assert.deepEqual(shape, wanted.shape, `the shape of ${what}`);
    assert.equal(dtype, wanted.dtype, `the type of ${what}`);
    let largest = 1;
    for (const value of wanted.values) {
      if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    }
    wanted.values.forEach((value, at) => {
      const others = disturbed.map((run) => run[index]?.values[at] ?? NaN);
      if (isClose(values[at], value, TOLERANCE * largest)) return;
      const doubt = Math.max(0, ...others.map((other) => Math.abs(other - value)));
      // Written so that a NaN among the disturbed values is doubt enough.
      if (disturbed.length > 0 && !(Math.abs(values[at] - value) > 4 * doubt)) return;
      assert.fail(`${what} is ${values[at]} at ${at}, expected ${value} (the largest: ${largest})`);
    });
  });
}

function isClose(actual: number, expected: number, tolerance: number): boolean {
  if (!Number.isFinite(expected)) return Object.is(actual, expected);
  return Math.abs(actual - expected) <= tolerance;
}
