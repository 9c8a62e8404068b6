import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { capture } from '../../src/index.js';
import { Speculation } from '../../src/graph/speculation.js';
import { assertLeavesNothing, dynconv, footprint } from '../backend/footprint.js';
import { assertSameAs } from '../backend/compare.js';
import { hourglassPredictor, predictor } from '../backend/predictor.js';
import { anyProgram } from '../backend/program.js';
import { coins, filter, quarters } from '../backend/random-tensors.js';
import type { Node } from '../../src/graph/node.js';
import { machine } from './machine.js';

/** More than the predictions that go by without speculation after one that was in vain. */
const RESTED = 20;

/** What happens to a tensor when the next layer has read it. */
function next<T extends tf.Tensor>(x: tf.Tensor4D, layer: (x: tf.Tensor4D) => T): T {
  const y = tf.tidy(() => layer(x));
  x.dispose();
  return y;
}

describe('speculation', () => {
  const stem = (): tf.Tensor4D[] => [3, 8, 8, 8].map((from, at) => filter([3, 3, from, 8], at));
  let weights: tf.Tensor4D[] = [];
  let head: tf.Tensor4D;

  /** Several layers, whose result is read twice: by what makes a mask and by what is masked. */
  const trunk = (x: tf.Tensor4D): tf.Tensor4D =>
    weights.reduce(
      (y, kernel) => next(y, (z) => tf.relu(tf.conv2d(z, kernel, 1, 'same'))),
      x.clone(),
    );
  const finish = (y: tf.Tensor4D): tf.Tensor4D =>
    tf.tidy(() => {
      const mask = tf.cast(tf.greater(tf.conv2d(y, head, 1, 'same'), 0), 'float32');
      return tf.add(y, tf.mul(tf.conv2d(y, weights[1], 1, 'same'), mask));
    });
  const predict = (x: tf.Tensor4D): tf.Tensor4D => next(trunk(x), finish);
  const input = (seed: number, size = 16): tf.Tensor4D =>
    quarters([1, size, size, 3], seed) as tf.Tensor4D;

  /** Has everything be ready for lanes to share; the calling thread does what they would. */
  const share = async (ready: number): Promise<void> => {
    const { lanes } = await machine();
    Object.defineProperty(lanes, 'ready', { value: ready, configurable: true });
  };

  /** What `f` returns, and how many jobs it posted. */
  const begin = <T>(f: () => T) => {
    const { lanes } = dynconv().runtime;
    let early = 0;
    const post = lanes.post.bind(lanes);
    lanes.post = (...job) => {
      early++;
      return post(...job);
    };
    const y = f();
    Reflect.deleteProperty(lanes, 'post');
    return { y, early };
  };

  /** The values of a prediction, and how many jobs were posted before anybody asked for them. */
  const run = (f: (x: tf.Tensor4D) => tf.Tensor4D, x: tf.Tensor4D) => {
    const { y, early } = begin(() => f(x));
    const values = y.dataSync();
    y.dispose();
    return { values, early };
  };

  beforeEach(async () => {
    await share(2);
    weights = stem();
    head = filter([1, 1, 8, 1], 9);
    const x = input(0);
    for (let time = 0; time < RESTED; time++) run(predict, x);
    x.dispose();
  });

  afterEach(async () => {
    Reflect.deleteProperty((await machine()).lanes, 'ready');
    tf.dispose([...weights, head]);
  });

  it('computes what the last prediction computed whole, while the next one is deferred', () => {
    const x = input(1);
    assert.isAbove(run(predict, x).early, 0);
    x.dispose();
  });

  it('knows a network without masks again and again, however its values are read', async () => {
    const x = input(1);
    const whole = (z: tf.Tensor4D): tf.Tensor4D => {
      const y = trunk(z);
      // By now all that is behind it has been disposed of.
      tf.relu(z).dispose();
      return y;
    };
    const expected = run(whole, x).values;
    run(whole, x);
    for (let time = 0; time < 4; time++) {
      const { values, early } = run(whole, x);
      assert.isAbove(early, 0);
      assert.deepEqual(values, expected);
    }
    for (let time = 0; time < 4; time++) {
      const { y, early } = begin(() => whole(x));
      assert.isAbove(early, 0);
      assert.deepEqual(await y.data(), expected);
      y.dispose();
    }
    x.dispose();
  });

  it('expects no more of a prediction that skips after some that did not', () => {
    const model = predictor();
    const network = capture((x: tf.Tensor4D) => model.predict(x), model.input);
    for (let time = 0; time < RESTED; time++) run(network, model.input);
    const { early } = run(network, model.input);
    tf.env().set('DYNCONV_SKIP', false);
    for (let time = 0; time < RESTED; time++) run(network, model.input);
    tf.env().set('DYNCONV_SKIP', true);
    assert.isAtMost(run(network, model.input).early, early);
    network.dispose();
    model.dispose();
  });

  it('knows networks that take turns', () => {
    const x = input(1);
    const second = [3, 8].map((from, at) => filter([3, 3, from, 8], 20 + at));
    const other = (y: tf.Tensor4D): tf.Tensor4D =>
      next(
        second.reduce(
          (z, kernel) => next(z, (v) => tf.relu(tf.conv2d(v, kernel, 1, 'same'))),
          y.clone(),
        ),
        finish,
      );
    for (let time = 0; time < 3; time++) {
      run(other, x);
      run(predict, x);
    }
    assert.isAbove(run(other, x).early, 0);
    assert.isAbove(run(predict, x).early, 0);
    tf.dispose([x, ...second]);
  });

  it('leaves everything to the prediction itself on one lane', async () => {
    await share(1);
    const x = input(1);
    assert.equal(run(predict, x).early, 0);
    x.dispose();
  });

  it('changes no value, whatever was predicted before', async () => {
    const sizes = fc.array(fc.record({ size: fc.constantFrom(9, 16), seed: fc.nat(100) }), {
      minLength: 2,
      maxLength: 12,
    });
    for (const given of fc.sample(sizes, { numRuns: 20, seed: 1 })) {
      for (const { size, seed } of given) {
        const x = input(seed, size);
        await share(2);
        const { values } = run(predict, x);
        await share(1);
        assert.deepEqual(values, run(predict, x).values);
        x.dispose();
      }
    }
  });

  it('changes no value of a network with branches and masks within masks', async () => {
    const model = hourglassPredictor();
    const network = capture((x: tf.Tensor4D) => model.predict(x), model.input);
    let early = 0;
    for (let time = 0; time < RESTED; time++) {
      const [, ...shape] = model.input.shape;
      const x = quarters([1, ...shape], time) as tf.Tensor4D;
      await share(2);
      const result = run(network, x);
      early = result.early;
      await share(1);
      assert.deepEqual(result.values, run((y) => model.predict(y), x).values);
      x.dispose();
    }
    network.dispose();
    model.dispose();
    assert.isAbove(early, 0);
  });

  /** Has whatever is deferred be computed as soon as it may be, while `f` runs. */
  const guessingAll = async (f: () => unknown): Promise<void> => {
    const speculation = Speculation.of(await machine());
    Object.defineProperty(speculation, 'isExpected', { value: () => true, configurable: true });
    try {
      await f();
    } finally {
      Reflect.deleteProperty(speculation, 'isExpected');
    }
  };

  it('changes no value of any program, and leaves nothing behind, even if all guesses are wrong', () =>
    guessingAll(() =>
      fc.assert(
        fc.asyncProperty(anyProgram, (program) => assertSameAs('cpu', program)),
        { numRuns: 300 },
      ),
    ));

  const sameWithGuesses = (f: (x: tf.Tensor4D) => tf.Tensor): Promise<void> => {
    const x = input(1);
    const values = (): ArrayLike<number> => tf.tidy(() => f(x).dataSync());
    const expected = values();
    return guessingAll(() => {
      for (let time = 0; time < 3; time++) assert.deepEqual(values(), expected);
      x.dispose();
    });
  };

  it('leaves weights that are computed where they are read', () =>
    sameWithGuesses((x) => tf.conv2d(x, tf.relu(weights[0]), 1, 'same')));

  /** Has what `f` makes be begun when `f` is over, if it is of one of these operations. */
  const begunAfter = async <T>(names: readonly string[], f: () => T): Promise<T> => {
    const speculation = Speculation.of(await machine());
    const value = ({ primitive }: Node): boolean => names.includes(primitive.name);
    Object.defineProperty(speculation, 'isExpected', { value, configurable: true });
    await share(1);
    const made = f();
    await share(2);
    // Any deferral has what is open be begun.
    tf.relu(head).dispose();
    Reflect.deleteProperty(speculation, 'isExpected');
    return made;
  };

  it('lets nothing read what a tensor that was begun has read already', async () => {
    const x = input(1);
    const border: [number, number][] = [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ];
    const pad = (): tf.Tensor4D => next<tf.Tensor4D>(tf.relu(x), (y) => tf.pad(y, border));
    const convolve = (padded: tf.Tensor4D): ArrayLike<number> =>
      tf.tidy(() => tf.conv2d(padded, weights[0], 1, 'valid').dataSync());
    const [padded, expected] = [await begunAfter(['PadV2'], pad), pad()];
    assert.isNotNull(dynconv().slot(padded.dataId).storage!.speculated);
    assert.deepEqual(convolve(padded), convolve(expected));
    tf.dispose([x, padded, expected]);
  });

  it('does not change values in place that were begun before anybody asked', async () => {
    const x = input(1);
    const mask = coins([1, 16, 16, 1], 0.3, 5);
    const sum = (dense: tf.Tensor4D): tf.Tensor4D =>
      tf.tidy(() => tf.add(dense, tf.mul(tf.conv2d(x, weights[0], 1, 'same'), mask)));
    const make = (): tf.Tensor4D => tf.tidy(() => tf.conv2d(x, weights[0], 1, 'same'));
    const dense = await begunAfter(['Conv2D'], make);
    const result = await begunAfter(['Add'], () => next(dense, sum));
    const expected = next(make(), sum);
    assert.deepEqual(result.dataSync(), expected.dataSync());
    tf.dispose([x, mask, result, expected]);
  });

  it('takes no network for another of the same shapes', () => {
    const x = input(1);
    const own = weights;
    weights = stem().map((kernel) => tf.mul(kernel, 0.5));
    // The first prediction packs the weights.
    run(predict, x);
    assert.equal(run(predict, x).early, 0);
    assert.isAbove(run(predict, x).early, 0);
    tf.dispose([x, ...weights]);
    weights = own;
  });

  it('leaves a tensor deferred until somebody asks, so that what reads it is deferred alike', () => {
    const x = input(1);
    const y = trunk(x);
    const later = finish(y);
    const storage = dynconv().slot(y.dataId).storage!;
    assert.isNotNull(storage.speculated);
    assert.isNotNull(storage.node);
    const values = y.dataSync();
    assert.isNull(storage.node);
    assert.isTrue(values.some((value) => value > 0));
    later.dataSync();
    tf.dispose([x, y, later]);
  });

  it('gives the values of a tensor that it computed to whoever asks for them in their own time', async () => {
    const x = input(1);
    const [y, expected] = [trunk(x), trunk(x)];
    const later = finish(y);
    assert.isNotNull(dynconv().slot(y.dataId).storage?.speculated);
    const values = await y.data();
    assert.deepEqual(values, expected.dataSync());
    tf.dispose([x, y, later, expected]);
  });

  it('leaves nothing behind, of predictions that nobody reads either, and rests after those', async () => {
    const x = input(1);
    await assertLeavesNothing(() => {
      for (let time = 0; time < RESTED; time++) run(predict, x);
      predict(x).dispose();
      run(predict, x);
    });
    assert.equal(run(predict, x).early, 0);
    x.dispose();
  });

  it('does nothing while a function is captured', () => {
    const x = input(1);
    const { y: captured, early } = begin(() => capture(predict, x));
    assert.equal(early, 0);
    captured.dispose();
    x.dispose();
  });

  it('whose job fails later is an error of everyone who reads the values', () => {
    const x = input(1);
    const expected = run(predict, x).values;
    const y = trunk(x);
    tf.relu(x).dispose();
    const { storage } = dynconv().slot(y.dataId);
    assert.isNotNull(storage!.speculated);
    const { lanes } = dynconv().runtime;
    lanes.drain = () => {
      Reflect.deleteProperty(lanes, 'drain');
      throw new Error('a lane has died');
    };
    assert.throws(() => y.dataSync(), 'a lane has died');
    assert.throws(() => y.dataSync(), 'a lane has died');
    y.dispose();
    assert.deepEqual(run(predict, x).values, expected);
    x.dispose();
  });

  it('that fails is an error of who goes on with the values, and the next prediction works', () => {
    const x = input(1);
    const expected = run(predict, x).values;
    const before = footprint();
    const { lanes } = dynconv().runtime;
    lanes.post = () => {
      Reflect.deleteProperty(lanes, 'post');
      throw new Error('out of something');
    };
    assert.throws(() => tf.tidy(() => predict(x).dataSync()), 'out of something');
    assert.deepEqual(run(predict, x).values, expected);
    assert.deepEqual(footprint(), before);
    x.dispose();
  });
});
