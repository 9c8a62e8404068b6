import type { Tensor } from '@tensorflow/tfjs-core';
import { assert } from 'chai';

/** What somebody read of a tensor. */
export interface Reading {
  shape: number[];
  dtype: string;
  values: number[];
  /** The values of a tensor of strings. */
  strings?: string[];
}

export function valuesOf(tensor: Tensor): Reading {
  const { shape, dtype } = tensor;
  if (dtype !== 'string') {
    // The cpu backend may have more values than the shape has room for.
    const size = tensor.size * (dtype === 'complex64' ? 2 : 1);
    return { shape, dtype, values: Array.from(tensor.dataSync()).slice(0, size) };
  }
  return { shape, dtype, values: [], strings: Array.from(tensor.dataSync<'string'>()) };
}

const TOLERANCE = 1e-4;

/** A value that is not what was expected, by more than rounding; or a whole result, of another shape. */
export interface Difference {
  /** Which result. */
  result: number;
  /** Which of its values; null where the results do not compare. */
  at: number | null;
  text: string;
}

/**
 * What differs between tensors: their types and shapes, and values that rounding alone does not
 * explain. NaN and infinity are to be where they are expected.
 */
export function differences(actual: Reading[], expected: Reading[]): Difference[] {
  if (actual.length !== expected.length) {
    const text = `there are ${actual.length} results, expected ${expected.length}`;
    return [{ result: 0, at: null, text }];
  }
  return expected.flatMap((wanted, result) => differencesOf(actual[result], wanted, result));
}

function differencesOf(actual: Reading, expected: Reading, result: number): Difference[] {
  const form = ({ shape, dtype, values, strings }: Reading) =>
    JSON.stringify([dtype, shape, values.length, strings]);
  if (form(actual) !== form(expected)) {
    const text = `result ${result} is ${form(actual)}, expected ${form(expected)}`;
    return [{ result, at: null, text }];
  }
  let largest = 1;
  for (const value of expected.values) {
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  }
  const found: Difference[] = [];
  expected.values.forEach((value, at) => {
    const number = actual.values[at];
    if (isClose(number, value, TOLERANCE * largest)) return;
    const text = `result ${result} is ${number} at ${at}, expected ${value} (the largest: ${largest})`;
    found.push({ result, at, text });
  });
  return found;
}

/** Asserts that tensors differ by rounding alone. */
export function assertSameValues(actual: Reading[], expected: Reading[]): void {
  const [first] = differences(actual, expected);
  if (first) assert.fail(first.text);
}

function isClose(actual: number, expected: number, tolerance: number): boolean {
  if (!Number.isFinite(expected)) return Object.is(actual, expected);
  return Math.abs(actual - expected) <= tolerance;
}
