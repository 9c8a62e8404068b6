import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { DynconvBackend } from '../../src/backend.js';
import { profile } from '../../src/index.js';
import { deferred, describeCases, map } from './cases.js';
import { coins, filter } from './random-tensors.js';

const at = (...positions: number[][]) => tf.tensor2d(positions, undefined, 'int32');

describeCases('a map that is read at a few pixels', {
  'by positions': () => {
    const x = deferred(map([2, 9, 10, 3]));
    const masked = tf.mul(x, coins([2, 9, 10, 1], 0.3, 2));
    return [
      ...[tf.gatherND(x, at([0, 1, 2], [1, 8, 9], [0, 1, 2])), tf.gatherND(x, at([1, 3, 4, 2]))],
      ...[tf.gatherND(masked, at([0, 1, 2], [1, 0, 9])), tf.gatherND(masked, at([1, 3, 4, 2]))],
      tf.relu(tf.gatherND(x, tf.tensor([0, 4, 4, 1, 8, 0], [2, 1, 3], 'int32'))),
      tf.gatherND(tf.reshape(deferred(map([2, 9, 10, 3], 5)), [180, 3]), at([7], [0], [7])),
      tf.gatherND(deferred(map([40, 2, 2, 3], 6)), at([39], [0])),
    ];
  },
  'by one index': () => {
    const x = deferred(map([1, 40, 2, 3]));
    const indices = tf.tensor1d([39, 0, 39], 'int32');
    return [
      ...[tf.gather(x, tf.tensor1d([5, 3], 'int32'), 1), tf.gather(x, tf.scalar(7, 'int32'), 1)],
      ...[tf.gather(tf.reshape(x, [80, 3]), indices), tf.gather(x, indices, 1)],
      tf.gather(tf.reshape(x, [2, 40, 3]), tf.tensor2d([[9, 8]], undefined, 'int32'), 1),
    ];
  },
  'at a peak': () => {
    const x = deferred(map([1, 8, 8, 4]));
    const peak = tf.argMax(tf.reshape(tf.slice(x, [0, 0, 0, 0], [1, 8, 8, 1]), [64]));
    const y = tf.floorDiv(peak, tf.scalar(8, 'int32'));
    const position = tf.stack([y, tf.sub(peak, tf.mul(y, tf.scalar(8, 'int32')))]);
    const offsets = tf.reshape(tf.conv2d(x, filter([3, 3, 4, 2], 3), 1, 'same'), [8, 8, 2]);
    return [tf.gatherND(offsets, tf.reshape(position, [1, 2])), peak];
  },
});

describe('a map that is read at a few pixels', () => {
  before(() => tf.setBackend('dynconv'));
  after(() => tf.setBackend('cpu'));

  it('is computed everywhere where nothing is to be skipped', () => {
    const backend = tf.backend();
    assert(backend instanceof DynconvBackend);
    const x = map([1, 16, 16, 4]);
    const weights = filter([3, 3, 4, 2], 1);
    const defer = backend.defer.bind(backend);
    let deferrals = 0;
    backend.defer = (...args) => {
      deferrals++;
      return defer(...args);
    };
    const read = () =>
      tf.tidy(() => tf.gatherND(tf.conv2d(x, weights, 1, 'same'), at([0, 3, 4])).dataSync());
    try {
      const few = read();
      assert.equal(deferrals, 2);
      tf.env().set('DYNCONV_SKIP', false);
      assert.deepEqual(read(), few);
      assert.equal(deferrals, 3);
    } finally {
      tf.env().set('DYNCONV_SKIP', true);
      backend.defer = defer;
    }
    tf.dispose([x, weights]);
  });

  it('is computed there alone', async () => {
    const x = map([1, 16, 16, 4]);
    const weights = [filter([3, 3, 4, 4], 1), filter([1, 1, 4, 2], 2)];
    const { result, layers } = await profile(
      () =>
        tf.tidy(() => {
          const hidden = tf.conv2d(x, weights[0], 1, 'same');
          return tf.gatherND(tf.conv2d(hidden, weights[1], 1, 'same'), at([0, 0, 0], [0, 9, 9]));
        }),
      { repeats: 1 },
    );
    tf.dispose([x, result, ...weights]);
    assert.deepEqual(
      layers.map(({ pixels }) => pixels.active),
      [2, 2],
    );
  });

  it('refuses positions outside of it', () => {
    tf.tidy(() => {
      const x = deferred(map([1, 16, 16, 4]));
      assert.throws(() => tf.gatherND(x, at([0, 16, 0])).dataSync(), /not within \[1,16,16,4\]/);
      assert.throws(
        () => tf.gather(x, tf.tensor1d([-1], 'int32'), 1).dataSync(),
        /not in \[0, 15\]/,
      );
    });
  });
});
