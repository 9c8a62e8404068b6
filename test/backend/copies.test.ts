import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import '../../src/index.js';
import { assertLeavesNothing } from './footprint.js';
import { random } from '../kernels/random.js';

/** Operations that only copy values of tensors in memory: there is no tolerance. */
describe('copies of values in memory', () => {
  before(() => tf.setBackend('dynconv'));
  after(() => tf.setBackend('cpu'));

  const anyDtype = fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const);
  const anyShape = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 4 });
  const anySeed = fc.nat(1000);

  function values(shape: number[], dtype: 'float32' | 'int32' | 'bool', seed: number): tf.Tensor {
    const next = random(seed);
    const size = tf.util.sizeFromShape(shape);
    const top = dtype === 'bool' ? 2 : 100;
    return tf.tensor(
      Array.from({ length: size }, () => Math.floor(next() * top)),
      shape,
      dtype,
    );
  }

  /** Runs on dynconv what is to give the same as on the cpu backend. */
  async function check(run: () => tf.Tensor): Promise<void> {
    const read = () =>
      tf.tidy(() => {
        const result = run();
        return { shape: result.shape, dtype: result.dtype, values: [...result.dataSync()] };
      });
    await tf.setBackend('cpu');
    const expected = read();
    await tf.setBackend('dynconv');
    await assertLeavesNothing(() => {
      assert.deepEqual(read(), expected);
    });
  }

  it('tile repeats along any axes', async () => {
    const anyCase = fc.record({ shape: anyShape, dtype: anyDtype, seed: anySeed }).chain((test) =>
      fc.record({
        test: fc.constant(test),
        reps: fc.array(fc.integer({ min: 1, max: 3 }), {
          minLength: test.shape.length,
          maxLength: test.shape.length,
        }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(anyCase, ({ test: { shape, dtype, seed }, reps }) =>
        check(() => tf.tile(values(shape, dtype, seed), reps)),
      ),
    );
  });

  it('depthToSpace spreads channels over blocks of pixels', async () => {
    const size = (max: number) => fc.integer({ min: 1, max });
    const anyCase = fc.record({
      shape: fc.tuple(size(2), size(5), size(5)),
      blockSize: fc.integer({ min: 2, max: 4 }),
      channels: size(20),
      seed: anySeed,
    });
    await fc.assert(
      fc.asyncProperty(anyCase, ({ shape, blockSize, channels, seed }) =>
        check(() => {
          const x = values([...shape, blockSize ** 2 * channels], 'float32', seed);
          return tf.depthToSpace(x as tf.Tensor4D, blockSize);
        }),
      ),
    );
  });

  it('split cuts along any axis', async () => {
    const anyCase = fc.record({
      shape: anyShape,
      dtype: anyDtype,
      axis: fc.nat(3),
      cuts: fc.array(fc.nat(11), { maxLength: 3 }),
      which: fc.nat(3),
      seed: anySeed,
    });
    await fc.assert(
      fc.asyncProperty(anyCase, ({ shape, dtype, axis, cuts, which, seed }) => {
        const along = axis % shape.length;
        const size = shape[along];
        const ends = [...cuts.map((cut) => cut % (size + 1)), size].sort((a, b) => a - b);
        const sizes = ends.map((end, index) => end - (ends[index - 1] ?? 0));
        return check(() => {
          const parts = tf.split(values(shape, dtype, seed), sizes, along);
          return parts[which % parts.length];
        });
      }),
    );
  });

  it('gather takes runs of values along any axis', async () => {
    const anyCase = fc.record({
      shape: anyShape,
      dtype: anyDtype,
      axis: fc.nat(3),
      indices: fc.array(fc.nat(11), { minLength: 1, maxLength: 6 }),
      isMatrix: fc.boolean(),
      seed: anySeed,
    });
    await fc.assert(
      fc.asyncProperty(anyCase, ({ shape, dtype, axis, indices, isMatrix, seed }) => {
        const along = axis % shape.length;
        const within = indices.map((index) => index % shape[along]);
        const positions = isMatrix ? [within, within] : within;
        return check(() =>
          tf.gather(values(shape, dtype, seed), tf.tensor(positions, undefined, 'int32'), along),
        );
      }),
    );
  });

  it('gather refuses an index that is out of range', () => {
    for (const length of [1, 16]) {
      const x = tf.ones([4, length]);
      assert.throws(() => tf.gather(x, tf.tensor1d([4], 'int32')), /the index value 4 is not in/);
      assert.throws(() => tf.gather(x, tf.tensor1d([-1], 'int32')), /the index value -1 is not in/);
      x.dispose();
    }
  });
});
