import { assert } from 'chai';

/**
 * Asserts that values differ by at most `tolerance` of the largest finite magnitude expected, of 1, or
 * of `scale`, whichever is the most; NaN and infinities are to be just that.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-4,
  scale = 1,
): void {
  assert.equal(actual.length, expected.length);
  let largest = Math.max(1, scale);
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) largest = Math.max(largest, Math.abs(expected[i]));
  }
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    // Written so that a NaN fails.
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance * largest)) {
      assert.fail(`at ${i}: ${actual[i]}, expected ${expected[i]} (the largest is ${largest})`);
    }
  }
}
