import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { assertLeavesNothing, dynconv, footprint, restart } from './footprint.js';
import { predictor } from './predictor.js';
import { coins, filter, quarters } from './random-tensors.js';

/** A map that is deferred: a convolution's result. */
function deferredMap(seed: number, size = 6, channels = 4): tf.Tensor4D {
  return tf.tidy(() => {
    const x = quarters([1, size, size, channels], seed) as tf.Tensor4D;
    return tf.conv2d(x, filter([3, 3, channels, channels], seed + 1), 1, 'same');
  });
}

describe('memory', () => {
  beforeEach(() => tf.setBackend('dynconv'));

  it('stays flat over 1,000 predictions', async () => {
    const model = predictor();
    const expected = tf.tidy(() => model.predict(model.input).dataSync());
    const before = footprint();
    for (let i = 0; i < 1000; i++) {
      const output = model.predict(model.input);
      if (i % 10 === 0) assert.deepEqual(await output.data(), expected);
      // Two of ten are never read, and one is read after another was made.
      else if (i % 10 < 8) output.dataSync();
      output.dispose();
    }
    assert.deepEqual(footprint(), before);
    model.dispose();
  });

  it('counts tensors as other backends do', async () => {
    const counts: number[][] = [];
    for (const name of ['cpu', 'dynconv']) {
      await tf.setBackend(name);
      const start = tf.memory();
      const model = predictor();
      const output = model.predict(model.input);
      const { numTensors, numBytes } = tf.memory();
      counts.push([numTensors - start.numTensors, numBytes - start.numBytes]);
      output.dispose();
      model.dispose();
      assert.equal(tf.memory().numTensors, start.numTensors);
    }
    assert.deepEqual(counts[1], counts[0]);
  });

  it('is freed whatever is disposed first', async () => {
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
    ];
    for (const order of orders) {
      for (const readAt of [-1, 0, 1, 2]) {
        await assertLeavesNothing(() => {
          const x = deferredMap(1);
          const mask = coins([1, 6, 6, 1], 0.5, 3);
          const masked = tf.mul(x, mask);
          const sum = tf.add(x, masked);
          const tensors = [x, mask, masked, sum];
          order.forEach((index, step) => {
            if (step === readAt && !sum.isDisposed) sum.dataSync();
            tensors[index].dispose();
          });
        });
      }
    }
  });

  it('keeps values whose inputs were disposed or reassigned before they were computed', () => {
    const mask = coins([1, 6, 6, 1], 0.5, 3);
    const expected = tf.tidy(() => tf.add(tf.mul(deferredMap(1), mask), 1).dataSync());
    const variable = tf.variable(tf.tidy(() => tf.mul(deferredMap(1), mask)));
    const sum = tf.add(variable, 1);
    const other = deferredMap(7);
    variable.assign(other);
    tf.dispose([mask, other]);
    assert.deepEqual(sum.dataSync(), expected);
    assert.deepEqual(
      variable.dataSync(),
      tf.tidy(() => deferredMap(7).dataSync()),
    );
    tf.dispose([variable, sum]);
  });

  it('is left alone by reads in the middle, synchronous or concurrent', async () => {
    await assertLeavesNothing(async () => {
      const x = deferredMap(1);
      const y = tf.relu(x);
      const z = tf.tidy(() => tf.mul(tf.add(x, y), coins([1, 6, 6, 1], 0.4, 2)));
      const [a, b, c, d] = await Promise.all([z.data(), x.data(), y.data(), z.data()]);
      assert.deepEqual(a, d);
      assert.deepEqual(
        y.dataSync(),
        b.map((value) => Math.max(value, 0)),
      );
      assert.deepEqual(c, y.dataSync());
      tf.dispose([x, y, z]);
    });
  });

  it('does not change what a tensor holds by a residual addition in place', () => {
    const mask = coins([1, 6, 6, 1], 0.5, 3);
    const before = tf.tidy(() => tf.relu(deferredMap(1)).dataSync());
    const x = tf.tidy(() => tf.relu(deferredMap(1)));
    const twin = tf.clone(x);
    const shaped = tf.reshape(x, [36, 4]);
    const sum = tf.tidy(() => tf.relu(tf.add(x, tf.mul(deferredMap(5), mask))));
    x.dispose();
    const values = sum.dataSync();
    assert.notDeepEqual(values, before);
    assert.deepEqual(twin.dataSync(), before);
    assert.deepEqual(shaped.dataSync(), before);
    tf.dispose([mask, twin, shaped, sum]);
  });

  it('is as large as the shape that a tensor was made with, whatever becomes of the list', async () => {
    await tf.setBackend('dynconv');
    const shape: [number, number] = [2, 3];
    const x = tf.tensor([1, 2, 3, 4, 5, 6], shape);
    shape[0] = 1000;
    assert.deepEqual(Array.from(x.dataSync()), [1, 2, 3, 4, 5, 6]);
    x.dispose();
  });

  it('moves between backends while deferred', async () => {
    const names = ['dynconv', 'wasm', 'cpu', 'dynconv', 'cpu', 'wasm'];
    const start = footprint().tensors;
    let x = deferredMap(1);
    let expected = tf.tidy(() => deferredMap(1).dataSync());
    for (const name of names) {
      await tf.setBackend(name);
      const next = tf.tidy(() => tf.add<tf.Tensor4D>(x, tf.mul(x, coins([1, 6, 6, 1], 0.5, 2))));
      x.dispose();
      x = next;
      await tf.setBackend('cpu');
      const mask = coins([1, 6, 6, 1], 0.5, 2);
      expected = expected.map((value, at) => value * (1 + mask.dataSync()[at >> 2]));
      mask.dispose();
      await tf.setBackend(name);
    }
    assertClose(x.dataSync(), expected);
    x.dispose();
    await tf.setBackend('dynconv');
    assert.equal(footprint().tensors, start);
  });

  it('forgets a tensor that came from another backend', async () => {
    await tf.setBackend('cpu');
    const x = tf.tensor1d([1, -2]);
    await tf.setBackend('dynconv');
    const before = dynconv().numDataIds();
    const y = tf.abs(x);
    assert.equal(dynconv().numDataIds(), before + 2);
    tf.dispose([x, y]);
    assert.equal(dynconv().numDataIds(), before);
  });

  it('is gone with the backend, which can be set again', async () => {
    const model = predictor();
    const expected = tf.tidy(() => model.predict(model.input).dataSync());
    const pending = model.predict(model.input);
    pending.dispose();
    model.dispose();
    assert.isTrue(await restart());
    const again = predictor();
    const output = tf.tidy(() => again.predict(again.input).dataSync());
    assert.deepEqual(output, expected);
    again.dispose();
  });

  it('does not overflow the stack with a chain of 20,000 additions', async () => {
    await assertLeavesNothing(() => {
      const one = tf.tensor([1, 2, 3, 4], [1, 1, 1, 4]);
      let sum = deferredMap(1);
      const start = sum.dataSync();
      tf.dispose(sum);
      sum = deferredMap(1);
      for (let i = 0; i < 20_000; i++) {
        const next = tf.add<tf.Tensor4D>(sum, one);
        sum.dispose();
        sum = next;
      }
      const values = sum.dataSync();
      assertClose(
        values,
        start.map((value, at) => value + 20_000 * (1 + (at % 4))),
      );
      tf.dispose([sum, one]);
    });
  });

  it('disposes a chain of 20,000 that nobody reads', async () => {
    await assertLeavesNothing(() => {
      let sum = deferredMap(1);
      for (let i = 0; i < 20_000; i++) {
        const next = tf.relu(sum);
        sum.dispose();
        sum = next;
      }
      sum.dispose();
    });
  });

  it('is bounded in a loop that accumulates and reads nothing', async () => {
    await restart();
    const shape = [1, 64, 64, 64];
    let sum = deferredMap(1, 64, 64);
    const bytes = tf.util.sizeFromShape(shape) * 4;
    // 2 GiB in all, were every addend kept.
    for (let i = 0; i < 2048; i++) {
      const addend = dynconv().makeOutput(shape, 'float32');
      const tensor = tf.engine().makeTensorFromTensorInfo(addend);
      const next = tf.add<tf.Tensor4D>(sum, tensor);
      tf.dispose([sum, tensor]);
      sum = next;
    }
    assert.isBelow(dynconv().runtime.heap.u8.length, 512 * bytes);
    sum.dispose();
  });
});
