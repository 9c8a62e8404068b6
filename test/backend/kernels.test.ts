import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { watchHeap } from './canaries.js';
import { dynconv, footprint, restart } from './footprint.js';
import { callKernel, kernelCalls, otherTypes, uncalled } from './kernel-calls/index.js';
import { assertSameValues, valuesOf } from './readings.js';
import type { Reading } from './readings.js';
import { Source } from './source.js';

/** Calls of each kernel. */
const CALLS = 10;

/** The values of `x` as a deferred tensor: two transpositions, which change no bit. */
function deferred(x: tf.Tensor): tf.Tensor {
  if (x.dtype !== 'float32') return x;
  return tf.reshape(tf.transpose(tf.reshape(x, [1, x.size, 1]), [0, 2, 1]), x.shape);
}

/** What a call of the kernel gives on the current backend, or the error that it throws. */
function outcome(name: string, seed: number, isDeferred: boolean): Reading[] | Error | null {
  let result: Reading[] | Error | null = null;
  tf.tidy(() => {
    const others = otherTypes(name);
    const call = kernelCalls[name](new Source(seed, [], { reuse: 0, empties: 0.06, others }));
    try {
      result = call && callKernel(name, call, isDeferred ? deferred : (x) => x).map(valuesOf);
    } catch (error) {
      result = error as Error;
    }
  });
  return result;
}

/** A tensor of negative size, which the cpu backend makes of some windows and dynconv refuses. */
function isImpossible({ shape }: Reading): boolean {
  return shape.some((size) => size < 0);
}

describe('the kernels', () => {
  let damage: () => string[];

  before(async () => {
    assert.isTrue(await restart());
    damage = watchHeap(dynconv().runtime);
  });

  after(restart);

  it('are all called here, or named with a reason', () => {
    const registered = tf.getKernelsForBackend('dynconv').map(({ kernelName }) => kernelName);
    assert.sameMembers(registered, [...Object.keys(kernelCalls), ...Object.keys(uncalled)]);
  });

  for (const name of Object.keys(kernelCalls)) {
    it(`give what the cpu backend gives, and leave other memory alone: ${name}`, async () => {
      for (let seed = 1; seed <= CALLS; seed++) {
        await tf.setBackend('cpu');
        const expected = outcome(name, seed, false);
        await tf.setBackend('dynconv');
        for (const isDeferred of [false, true]) {
          const before = { ...footprint(), blocks: 0 };
          const actual = outcome(name, seed, isDeferred);
          const what = `call ${seed}${isDeferred ? ', of deferred inputs' : ''}`;
          assert.deepEqual(damage(), [], what);
          assert.deepEqual({ ...footprint(), blocks: 0 }, before, what);
          // What the cpu backend refuses may do, or not, but it must do no harm.
          if (!Array.isArray(expected) || expected.some(isImpossible)) continue;
          if (!Array.isArray(actual)) throw new Error(`${what} fails`, { cause: actual });
          try {
            assertSameValues(actual, expected);
          } catch (error) {
            throw new Error(`${what} differs`, { cause: error });
          }
        }
      }
    });
  }
});
