import { assert } from 'chai';

/**
 * Asserts that values differ by at most `tolerance` of the largest expected magnitude, of 1, or of
 * `scale`, whichever is the most.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-4,
  scale = 1,
): void {
  assert.equal(actual.length, expected.length);
  let largest = Math.max(1, scale);
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++) {
    // Written so that a NaN fails.
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance * largest)) {
      assert.fail(`at ${i}: ${actual[i]}, expected ${expected[i]} (the largest is ${largest})`);
    }
  }
}
