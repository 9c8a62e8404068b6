import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { OutOfMemoryError } from '../../src/index.js';
import { dynconv } from '../backend/footprint.js';
import { filter, quarters } from '../backend/random-tensors.js';
import { machine } from './machine.js';

/** So many predictions, and one is known. */
const KNOWN = 20;

describe('what is computed before anybody asks', () => {
  let stem: tf.Tensor4D;
  let head: tf.Tensor4D;
  let own: tf.Tensor4D;
  let vector: tf.Tensor1D;
  let x: tf.Tensor4D;

  before(async () => {
    await machine();
    [stem, head, own] = [filter([3, 3, 8, 8], 1), filter([3, 3, 8, 3], 2), filter([1, 1, 8, 8], 3)];
    vector = quarters([8], 4) as tf.Tensor1D;
    x = quarters([1, 16, 16, 8], 5) as tf.Tensor4D;
  });

  after(() => {
    tf.dispose([stem, head, own, vector, x]);
  });

  const share = async (ready: number): Promise<void> => {
    const { lanes } = await machine();
    Object.defineProperty(lanes, 'ready', { value: ready, configurable: true });
  };

  afterEach(async () => {
    Reflect.deleteProperty((await machine()).lanes, 'ready');
  });

  const trunk = (): tf.Tensor4D => tf.conv2d(x, stem, 1, 'same');
  const isDeferred = ({ dataId }: tf.Tensor): boolean =>
    dynconv().slot(dataId).storage?.node !== null;
  const bits = (y: tf.Tensor): number[] => [...new Int32Array(y.dataSync().slice().buffer)];

  /** Runs a model until the lanes begin before anybody asks. */
  const learn = (f: () => tf.Tensor): void => {
    for (let time = 0; time < KNOWN; time++) tf.tidy(f).dispose();
  };

  const readsOnTheWay = {
    'its reader': (y: tf.Tensor4D): tf.Tensor => tf.conv2d(y, head, 1, 'same'),
    'what reads something of it that is gone': (y: tf.Tensor4D): tf.Tensor => {
      const between = tf.conv2d(y, own, 1, 'same');
      const last = tf.conv2d(between, head, 1, 'same');
      between.dispose();
      return last;
    },
    'one of two that read something of it that is gone': (y: tf.Tensor4D): tf.Tensor => {
      const between = tf.conv2d(y, own, 1, 'same');
      const [last] = [tf.conv2d(between, head, 1, 'same'), tf.conv2d(between, own, 1, 'same')];
      between.dispose();
      return last;
    },
  };
  for (const [reader, read] of Object.entries(readsOnTheWay)) {
    it(`is ready or deferred as if it were not, once ${reader} was read`, async () => {
      const states: boolean[] = [];
      const model = (): tf.Tensor => {
        const y = trunk();
        const last = read(y);
        // Any deferral has what is known by now be begun.
        tf.relu(vector);
        last.dataSync();
        states.push(isDeferred(y));
        return tf.batchNorm(y, vector, tf.abs(vector), vector, vector);
      };
      await share(1);
      const expected = tf.tidy(() => bits(model()));
      await share(2);
      learn(model);
      assert.deepEqual(
        tf.tidy(() => bits(model())),
        expected,
      );
      assert.lengthOf(new Set(states), 1, 'deferred in some predictions, and in others not');
    });
  }

  it('is computed when somebody asks if there was no memory for it before', async () => {
    await share(2);
    learn(() => {
      const y = trunk();
      y.dataSync();
      return y;
    });
    const { arena } = dynconv().runtime;
    arena.allocate = () => {
      throw new OutOfMemoryError(1);
    };
    const y = trunk();
    tf.relu(x).dispose();
    Reflect.deleteProperty(arena, 'allocate');
    const expected = tf.tidy(() => trunk().dataSync());
    assert.deepEqual(y.dataSync(), expected);
    y.dispose();
  });
});
