import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { capture } from '../../src/index.js';
import type { Captured } from '../../src/index.js';
import { Speculation } from '../../src/graph/speculation.js';
import type { Node } from '../../src/graph/node.js';
import { dynconv } from './footprint.js';
import { coins, filter, quarters } from './random-tensors.js';

/** More than deferred operations may hold before they are computed. */
const TOO_MANY_BYTES = 2 ** 30;

/** Gives `object` another property while `f` runs. */
function withProperty<T>(object: object, name: string, value: unknown, f: () => T): T {
  Object.defineProperty(object, name, { value, configurable: true });
  try {
    return f();
  } finally {
    Reflect.deleteProperty(object, name);
  }
}

/** What a captured function does where kernels decide by what they find, which may be something else in each run. */
describe('a captured function decides anew', () => {
  const weights: tf.Tensor4D[] = [];
  let x: tf.Tensor4D;

  before(async () => {
    await tf.setBackend('dynconv');
    weights.push(...[1, 2, 3].map((seed) => filter([3, 3, 4, 4], seed)));
    x = quarters([1, 8, 8, 4], 4) as tf.Tensor4D;
  });

  after(() => {
    tf.dispose([...weights, x]);
  });

  const layer = (z: tf.Tensor4D, index: number): tf.Tensor4D =>
    tf.conv2d(z, weights[index], 1, 'same');
  const maskOf = (z: tf.Tensor4D): tf.Tensor => tf.cast(tf.greater(layer(z, 0), 0.25), 'float32');

  /** The values of what `f` returns, the last first: what it is computed of may be computed already. */
  const valuesOf = (f: () => tf.Tensor[]): number[][] =>
    f()
      .reverse()
      .map((y) => {
        const values = Array.from(y.dataSync());
        y.dispose();
        return values;
      });

  const assertAlike = <I extends tf.Tensor[]>(
    captured: Captured<I, tf.Tensor[]>,
    f: (...inputs: I) => tf.Tensor[],
    ...inputs: I
  ): void => {
    const wanted = valuesOf(() => f(...inputs));
    assert.deepEqual(
      valuesOf(() => captured(...inputs)),
      wanted,
    );
  };

  it('on a threshold that is an input', () => {
    const f = (z: tf.Tensor4D, threshold: tf.Scalar): tf.Tensor[] =>
      tf.tidy(() => [tf.cast(tf.greater(layer(z, 0), threshold), 'float32')]);
    tf.tidy(() => {
      const captured = capture(f, x, tf.scalar(0));
      for (const threshold of [0, 0.5, -0.5, 10]) assertAlike(captured, f, x, tf.scalar(threshold));
      captured.dispose();
    });
  });

  it('on what may be negative, if that depends on a number among its inputs', () => {
    // Relu looks only where the masked addend may have made a sum negative that was not.
    const f = (z: tf.Tensor4D, least: tf.Scalar): tf.Tensor[] =>
      tf.tidy(() => {
        const limited = tf.maximum(z, least);
        const sum = tf.add(limited, limited);
        return [sum, tf.relu(tf.add(sum, tf.mul(layer(z, 0), mask)))];
      });
    const mask = coins([1, 8, 8, 1], 0.3, 5);
    // The sum is in memory, so that what may be negative in it is what is known of it.
    const read = (g: typeof f, least: number) => {
      const [sum, y] = g(x, tf.scalar(least));
      sum.dataSync();
      return [...y.dataSync()];
    };
    tf.tidy(() => {
      const captured = capture(f, x, tf.scalar(0));
      for (const least of [0, -1, 0.5]) assert.deepEqual(read(captured, least), read(f, least));
      captured.dispose();
    });
    mask.dispose();
  });

  it('on what was computed before anybody asked for it', () => {
    const f = (z: tf.Tensor4D): tf.Tensor[] =>
      tf.tidy(() => {
        const features = tf.relu(layer(z, 0));
        const padded = tf.pad(features, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]);
        features.dispose();
        const beside = tf.relu(layer(z, 1));
        return [padded, beside, tf.conv2d(padded, weights[2], 1, 'valid')];
      });
    const captured = capture(f, x);
    const { runtime } = dynconv();
    const speculation = Speculation.of(runtime);
    const isPadding = ({ primitive }: Node): boolean => primitive.name === tf.PadV2;
    const wanted = valuesOf(() => f(x));
    const given = withProperty(runtime.lanes, 'ready', 2, () =>
      withProperty(speculation, 'isExpected', isPadding, () => captured(x)),
    );
    assert.isNotNull(dynconv().slot(given[0].dataId).storage!.speculated);
    assert.deepEqual(
      valuesOf(() => given),
      wanted,
    );
    captured.dispose();
  });

  it('on what was computed for lack of memory', () => {
    const f = (z: tf.Tensor4D): tf.Tensor[] => tf.tidy(() => [maskOf(z)]);
    const captured = capture(f, x);
    dynconv().orphaned(TOO_MANY_BYTES);
    try {
      assertAlike(captured, f, x);
    } finally {
      dynconv().orphaned(-TOO_MANY_BYTES);
    }
    assertAlike(captured, f, x);
    captured.dispose();
  });

  it('on nothing else: kernels are not called', () => {
    const f = (z: tf.Tensor4D): tf.Tensor[] =>
      tf.tidy(() => [tf.add(z, tf.mul(layer(z, 1), maskOf(z)))]);
    const captured = capture(f, x);
    const refuse = (): never => assert.fail('a kernel was called');
    tf.dispose(withProperty(dynconv(), 'defer', refuse, () => captured(x)));
    assertAlike(captured, f, x);
    captured.dispose();
  });
});
