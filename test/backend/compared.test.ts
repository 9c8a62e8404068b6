import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { profile } from '../../src/index.js';
import { assertLeavesNothing, dynconv } from './footprint.js';
import { filter, quarters } from './random-tensors.js';

/** Comparisons with a number, as models make masks of them. */
const COMPARISONS = {
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  equal: tf.equal,
  notEqual: tf.notEqual,
} as const;

const anyCase = fc.record({
  comparison: fc.constantFrom(...(Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[])),
  // Outputs are multiples of 1/16: many are equal to these.
  number: fc.constantFrom(0, -0, 0.0625, -0.25, NaN, Infinity),
  size: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 5 }),
  isReshaped: fc.boolean(),
  /** Who else reads: the comparison itself, or what was compared. */
  reads: fc.constantFrom('nothing', 'comparison', 'values'),
  seed: fc.nat(1e6),
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

/** What is compared, the comparison, and that as numbers. */
function compared({ comparison, number, size, channels, isReshaped, seed }: Case): tf.Tensor[] {
  const x = quarters([1, size, size, 3], seed) as tf.Tensor4D;
  const values = tf.conv2d(x, filter([1, 1, 3, channels], seed + 1), 1, 'same');
  const results = COMPARISONS[comparison](values, number);
  const shaped = isReshaped ? tf.reshape(results, [size, size * channels]) : results;
  return [values, results, tf.cast(shaped, 'float32')];
}

/** The numbers, read after what else is to be read. */
function numbersOf(test: Case): number[] {
  return tf.tidy(() => {
    const [values, results, numbers] = compared(test);
    if (test.reads === 'values') values.dataSync();
    if (test.reads === 'comparison') results.dataSync();
    return [...numbers.dataSync()];
  });
}

describe('a comparison with a number, as float32', () => {
  it('is what cpu makes of it, whoever else reads, and leaves nothing', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (test) => {
        await tf.setBackend('cpu');
        const wanted = numbersOf(test);
        await tf.setBackend('dynconv');
        await assertLeavesNothing(() => {
          assert.deepEqual(numbersOf(test), wanted);
        });
      }),
    );
  });

  it('is computed with the layer before it, and is a mask', async () => {
    await tf.setBackend('dynconv');
    const { lanes } = dynconv().runtime;
    const jobs: string[][] = [];
    const post = lanes.post.bind(lanes);
    lanes.post = (job, after) => {
      jobs.push(job.stages.map(({ kernel }) => kernel));
      return post(job, after);
    };
    const x = quarters([1, 9, 9, 4], 1) as tf.Tensor4D;
    try {
      const { layers, result } = await profile(() =>
        tf.tidy(() => {
          const score = tf.conv2d(x, filter([1, 1, 4, 1], 2), 1, 'same');
          const mask = tf.cast(tf.greater(score, 0), 'float32');
          return tf.mul(tf.conv2d(x, filter([1, 1, 4, 4], 3), 1, 'same'), mask);
        }),
      );
      assert.deepInclude(jobs, ['f32_igemm_4x1', 'f32_compare']);
      const features = layers.find(({ outputShape }) => outputShape[3] === 4);
      assert.isBelow(features?.pixels.active ?? 81, 81);
      result.dispose();
    } finally {
      Reflect.deleteProperty(lanes, 'post');
      x.dispose();
    }
  });
});
