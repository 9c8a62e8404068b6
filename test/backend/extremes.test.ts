import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { assertClose } from './closeness.js';

/** The same values, deferred. */
const deferred = (x: tf.Tensor4D): tf.Tensor4D =>
  tf.depthwiseConv2d(x, tf.ones([1, 1, x.shape[3], 1]), 1, 'valid');
const mask = (): tf.Tensor4D => tf.tensor4d([1, 0, 1, 0], [1, 2, 2, 1]);
const masked = (): tf.Tensor4D => tf.mul(deferred(tf.ones([1, 2, 2, 2])), mask());

const rank7 = [2, 1, 1, 1, 2, 1, 3];
const noPadding: [number, number][] = rank7.map(() => [0, 0]);

/** Sums of what is dense, and has another reader, and what is masked; negative numbers come out of the clamp as zeros. */
const clampedSum = (dense: tf.Tensor4D, sparse: tf.Tensor4D): tf.Tensor[] => [
  tf.relu(tf.add(dense, sparse)),
  dense,
];

const CASES: Record<string, () => tf.Tensor[]> = {
  'a sum of seven dimensions': () => [tf.add(tf.ones(rank7), tf.ones(rank7))],
  'a product of seven dimensions': () => [tf.mul(tf.fill(rank7, 3), tf.tensor1d([1, 2, 3]))],
  'a squared difference of seven dimensions': () => [
    tf.squaredDifference(tf.fill(rank7, 5), tf.ones([3])),
  ],
  'padding of seven dimensions': () => [
    tf.pad(tf.ones(rank7), [...noPadding.slice(1), [1, 2]] as [number, number][], 9),
  ],
  'what is masked, times Infinity': () => [tf.mul(masked(), Infinity)],
  'what is masked, times NaN': () => [tf.mul(masked(), NaN)],
  'what is masked, times a vector with NaN': () => [tf.mul(masked(), tf.tensor1d([NaN, 2]))],
  'a clamped sum with float32 that wrapped around as int32': () => {
    const large = tf.relu(deferred(tf.fill([1, 2, 2, 2], 3e9)));
    return clampedSum(tf.cast(tf.cast(large, 'int32'), 'float32'), masked());
  },
  'a clamped sum with a squared difference of int32 that wrapped around': () => {
    const x = tf.cast(deferred(tf.fill([1, 2, 2, 2], 49152)), 'int32');
    const squares = tf.squaredDifference<tf.Tensor4D>(x, tf.zerosLike(x));
    return clampedSum(tf.cast(squares, 'float32'), masked());
  },
  'a clamped sum with the largest of windows beside the image': () => {
    const x = tf.relu(deferred(tf.ones([1, 2, 2, 2])));
    const pooled = tf.maxPool(x, 1, 1, [[0, 0], [1, 0], [0, 0], [0, 0]]); // prettier-ignore
    const below = tf.tensor4d([0, 0, 0, 0, 1, 0], [1, 3, 2, 1]);
    return clampedSum(pooled, tf.mul(deferred(tf.ones([1, 3, 2, 2])), below));
  },
  'the reciprocal of a map of negative zeros': () => [tf.reciprocal(tf.fill([2, 2], -0))],
  'the reciprocal of a negative zero that is repeated': () => [
    tf.reciprocal(tf.tile(tf.tensor2d([[-0]]), [2, 2])),
  ],
  'a gradient of another size than the layer': () => {
    const y = tf.conv2dTranspose(tf.ones<tf.Rank.R4>([1, 2, 1, 1]), tf.ones<tf.Rank.R4>([2, 1, 1, 1]), [1, 5, 1, 1], [2, 1], 0, 'round'); // prettier-ignore
    return [tf.slice(y, 0, [1, 4, 1, 1]), tf.isNaN(y)];
  },
};

describe('at the extremes', () => {
  /** What a backend gives, read while nothing but the results is alive. */
  async function on(backend: string, f: () => tf.Tensor[]): Promise<number[][]> {
    await tf.setBackend(backend);
    // Memory that was used before.
    for (let size = 4; size < 32; size++) tf.fill([size], 777).dispose();
    const results = tf.tidy(f);
    const values = results.map((result) => [...result.dataSync()]);
    tf.dispose(results);
    return values;
  }

  after(() => tf.setBackend('cpu'));

  for (const [what, f] of Object.entries(CASES)) {
    it(`${what} is as on the cpu backend`, async () => {
      const expected = await on('cpu', f);
      const actual = await on('dynconv', f);
      actual.forEach((values, at) => {
        assertClose(values, expected[at], 1e-6);
      });
    });
  }

  it('normalizes what is close to a large mean without losing it', async () => {
    const normalized = (mean: number, deviation: number, scale: number) => () => {
      const x = tf.tensor4d([mean, mean + deviation, mean - deviation, mean], [1, 2, 2, 1]);
      const vector = (value: number) => tf.tensor1d([value]);
      const variance = vector(deviation ** 2);
      return [tf.batchNorm(deferred(x), vector(mean), variance, vector(0.5), vector(scale), 1e-6)];
    };
    for (const [mean, deviation, scale] of [
      [0.5, 1, 1],
      [1000, 0.0625, 1],
      [2 ** 20, 1, 3],
      [1e20, 2 ** 60, 1e20],
    ]) {
      const f = normalized(mean, deviation, scale);
      const [[...expected]] = await on('cpu', f);
      const [[...actual]] = await on('dynconv', f);
      assert.isTrue(expected.every(Number.isFinite));
      assertClose(actual, expected, 2e-6, 0);
    }
  });
});
