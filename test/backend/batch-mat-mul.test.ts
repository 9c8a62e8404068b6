import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { assertLeavesNothing } from './footprint.js';
import { quarters } from './random-tensors.js';

/**
 * Stacks of matrices of any number, size, transposition and broadcasting, against sums in float64. The values are
 * quarters, whose products and sums float32 holds exactly: there is no tolerance.
 */
describe('matMul of stacks of matrices', () => {
  let lanes = 1;
  before(async () => {
    await tf.setBackend('dynconv');
    lanes = tf.env().getNumber('DYNCONV_LANES');
  });
  after(async () => {
    tf.env().set('DYNCONV_LANES', lanes);
    await tf.setBackend('cpu');
  });

  const size = (max: number) => fc.integer({ min: 1, max });
  /** Sizes of the leading dimensions, and which of the two operands have but one there. */
  const anyBatch = fc.array(fc.tuple(size(4), fc.constantFrom('both', 'both', 'first', 'second')), {
    minLength: 1,
    maxLength: 2,
  });
  const anyCase = fc.record({
    batch: anyBatch,
    left: size(40),
    inner: size(48),
    right: size(40),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    isDeferred: fc.boolean(),
    follow: fc.constantFrom('none', 'relu', 'bias'),
    lanes: fc.constantFrom(1, 2, 3),
    seed: size(1000),
  });
  type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

  const batchOf = ({ batch }: Case, operand: 'first' | 'second') =>
    batch.map(([count, who]) => (who === 'both' || who === operand ? count : 1));

  /** The product's values, summed up in float64. */
  function product(test: Case, a: ArrayLike<number>, b: ArrayLike<number>): number[] {
    const { left, inner, right, transposeA, transposeB } = test;
    const counts = test.batch.map(([count]) => count);
    const out: number[] = [];
    const place = (operand: 'first' | 'second', at: readonly number[]) =>
      batchOf(test, operand).reduce((sum, n, axis) => sum * n + (n === 1 ? 0 : at[axis]), 0);
    const all = counts.reduce<number[][]>(
      (lists, n) => lists.flatMap((list) => Array.from({ length: n }, (_, at) => [...list, at])),
      [[]],
    );
    for (const at of all) {
      const first = place('first', at) * left * inner;
      const second = place('second', at) * inner * right;
      for (let i = 0; i < left; i++) {
        for (let j = 0; j < right; j++) {
          let sum = 0;
          for (let k = 0; k < inner; k++) {
            const x = a[first + (transposeA ? k * left + i : i * inner + k)];
            sum += x * b[second + (transposeB ? j * inner + k : k * right + j)];
          }
          out.push(sum);
        }
      }
    }
    return out;
  }

  it('gives the sums of products, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (test) => {
        const { left, inner, right, transposeA, transposeB, follow } = test;
        tf.env().set('DYNCONV_LANES', test.lanes);
        await assertLeavesNothing(() => {
          tf.tidy(() => {
            const shapeA = transposeA ? [inner, left] : [left, inner];
            const shapeB = transposeB ? [right, inner] : [inner, right];
            const a = quarters([...batchOf(test, 'first'), ...shapeA], test.seed);
            const b = quarters([...batchOf(test, 'second'), ...shapeB], test.seed + 1);
            const x = test.isDeferred ? tf.add(a, a) : a;
            const y = test.isDeferred ? tf.relu(b) : b;
            const sums = tf.matMul(x, y, transposeA, transposeB);
            const result = { none: sums, relu: tf.relu(sums), bias: tf.add(sums, 0.5) }[follow];
            const results = result.dataSync();
            const expected = product(test, x.dataSync(), y.dataSync());
            const apply = {
              none: (sum: number) => sum,
              relu: (sum: number) => Math.max(sum, 0),
              bias: (sum: number) => sum + 0.5,
            }[follow];
            assert.deepEqual(result.shape, [...test.batch.map(([count]) => count), left, right]);
            assertClose(results, expected.map(apply), 0);
          });
        });
      }),
    );
  });
});
