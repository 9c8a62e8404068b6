import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { capture } from '../../src/index.js';
import { assertLeavesNothing } from './footprint.js';
import { filter, quarters } from './random-tensors.js';

/** The values of `f`, which leaves nothing. */
function valuesOf(f: () => tf.Tensor): number[] {
  return tf.tidy(() => Array.from(f().dataSync()));
}

describe('what is the same in every run of a captured function', () => {
  before(() => tf.setBackend('dynconv'));

  afterEach(() => tf.setBackend('dynconv'));

  it('may have been on another backend meanwhile', async () => {
    const [kernel, x] = [filter([3, 3, 3, 4], 1), quarters([1, 6, 6, 3], 2) as tf.Tensor4D];
    const f = (z: tf.Tensor4D): tf.Tensor => tf.relu(tf.conv2d(z, kernel, 1, 'same'));
    const captured = capture(f, x);
    const before = valuesOf(() => captured(x));
    for (let move = 0; move < 2; move++) {
      await tf.setBackend('cpu');
      const onCpu = valuesOf(() => f(x));
      await tf.setBackend('dynconv');
      assert.deepEqual(
        valuesOf(() => captured(x)),
        onCpu,
      );
      assert.deepEqual(onCpu, before);
    }
    captured.dispose();
    tf.dispose([kernel, x]);
  });

  it('is given back where it lies', async () => {
    await assertLeavesNothing(async () => {
      const [kernel, x] = [filter([3, 3, 3, 4], 1), quarters([1, 6, 6, 3], 2) as tf.Tensor4D];
      const f = (z: tf.Tensor4D): tf.Tensor => tf.conv2d(z, kernel, 1, 'same');
      const captured = capture(f, x);
      await tf.setBackend('cpu');
      valuesOf(() => f(x));
      const ids = tf.backend().numDataIds();
      captured.dispose();
      const values = Array.from(kernel.dataSync());
      tf.dispose([kernel, x]);
      assert.equal(tf.backend().numDataIds(), ids - 2);
      await tf.setBackend('dynconv');
      tf.tidy(() => {
        assert.deepEqual(values, Array.from(filter([3, 3, 3, 4], 1).dataSync()));
      });
    });
  });

  it('may be an example besides', async () => {
    await assertLeavesNothing(() => {
      const [x, z] = [quarters([2, 3], 1), quarters([2, 3], 2)];
      const captured = capture((a) => tf.add(a, tf.mul(x, 2)), x);
      assert.deepEqual(
        valuesOf(() => captured(z)),
        valuesOf(() => tf.add(z, tf.mul(x, 2))),
      );
      captured.dispose();
      tf.dispose([x, z]);
    });
  });

  it('are lists that the function changes afterwards, as they were', () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const f = (z: tf.Tensor2D): tf.Tensor => {
      const begin: [number, number] = [0, 0];
      const rows = [2, 1, 0].map((row) => {
        begin[0] = row;
        return tf.slice(z, begin, [1, 2]);
      });
      return tf.concat(rows, 0);
    };
    const captured = capture(f, x);
    assert.deepEqual(
      valuesOf(() => captured(x)),
      [5, 6, 3, 4, 1, 2],
    );
    captured.dispose();
    x.dispose();
  });

  it('is given back where another captured function made it', () =>
    assertLeavesNothing(() => {
      const [x, c] = [tf.tensor1d([1, 2, 3]), tf.tensor1d([-1, 5, 2])];
      const inner = capture((a: tf.Tensor1D, b: tf.Tensor1D) => tf.add(a, tf.floor(b)), x, c);
      const outer = capture((a: tf.Tensor1D) => inner(a, c), x);
      assert.deepEqual(
        valuesOf(() => outer(x)),
        [0, 7, 5],
      );
      outer.dispose();
      const fails = (a: tf.Tensor1D): tf.Tensor => {
        inner(a, c);
        throw new RangeError('its own');
      };
      assert.throws(() => capture(fails, x), RangeError, 'its own');
      inner.dispose();
      tf.dispose([x, c]);
    }));

  it('is not what two examples share', async () => {
    await assertLeavesNothing(() => {
      const [x, z] = [quarters([2, 3], 1), quarters([2, 3], 2)];
      const y = tf.reshape(x, [3, 2]);
      const f = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.sub(a, tf.reshape(b, [2, 3]));
      const captured = capture(f, x, y);
      assert.deepEqual(
        valuesOf(() => captured(z, y)),
        valuesOf(() => f(z, y)),
      );
      captured.dispose();
      tf.dispose([x, y, z]);
    });
  });
});
