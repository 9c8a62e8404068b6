import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { settled } from '../../src/graph/node.js';
import type { Primitive } from '../../src/graph/node.js';
import { Rows } from '../../src/graph/rows.js';
import { dynconv } from '../backend/footprint.js';
import { assertLeavesNothing } from '../backend/footprint.js';

describe('branches', () => {
  before(() => tf.setBackend('dynconv'));
  after(() => tf.setBackend('cpu'));

  /** Four ones, which JavaScript looks at `looks` times, or an error. */
  function ones(log: (event: string) => void, looks: number, error?: Error): Primitive {
    return {
      name: 'ones',
      *evaluate(_node, want, { runtime }) {
        const pointer = runtime.arena.allocate(16);
        runtime.heap.f32.fill(1, pointer >>> 2, (pointer >>> 2) + 4);
        const rows = Rows.computed(runtime, want, 1, 'float32', pointer);
        for (let look = 0; look < looks; look++) {
          log(`look ${look}`);
          yield* settled(rows);
        }
        if (error) throw error;
        log('end');
        return rows;
      },
    };
  }

  function defer(primitive: Primitive, ...inputs: TensorInfo[]): tf.Tensor {
    const backend = dynconv();
    const views = inputs.map((input) => backend.view(input));
    const info = backend.defer(primitive, views, [1, 2, 2, 1], 'float32');
    return tf.engine().makeTensorFromTensorInfo(info);
  }

  it('go on while others wait', () => {
    const events: string[] = [];
    const branch = (name: string) => (event: string) => events.push(`${name}: ${event}`);
    const sum = tf.tidy(() => tf.add(defer(ones(branch('a'), 2)), defer(ones(branch('b'), 3))));
    assert.deepEqual([...sum.dataSync()], [2, 2, 2, 2]);
    sum.dispose();
    assert.deepEqual(events, [
      'a: look 0',
      'b: look 0',
      'a: look 1',
      'b: look 1',
      'a: end',
      'b: look 2',
      'b: end',
    ]);
  });

  it('compute what they share once', () => {
    const events: string[] = [];
    const sum = tf.tidy(() => {
      const shared = defer(ones((event) => events.push(event), 2));
      // Their inputs differ, so neither is computed from the other.
      return tf.addN([tf.exp(shared), tf.neg(shared), tf.square(shared)]);
    });
    const [first, ...others] = sum.dataSync();
    assert.closeTo(first, Math.E, 1e-5);
    assert.deepEqual(new Set(others), new Set([first]));
    sum.dispose();
    assert.deepEqual(events, ['look 0', 'look 1', 'end']);
  });

  it('stay deferred when another one fails, and what waits for that throws', () => {
    const log = (): void => undefined;
    const kept = tf.tidy(() => tf.exp(defer(ones(log, 3))));
    const failing = tf.tidy(() => tf.neg(defer(ones(log, 1, new Error('no ones today')))));
    const sum = tf.add(kept, failing);
    for (const tensor of [sum, failing, sum]) {
      assert.throws(() => tensor.dataSync(), 'no ones today');
    }
    for (const value of kept.dataSync()) assert.closeTo(value, Math.E, 1e-5);
    tf.dispose([kept, failing, sum]);
  });

  it('give compact rows to the lanes while others wait', () => {
    const { lanes } = dynconv().runtime;
    const jobs: number[] = [];
    const seen = (event: string): void => {
      if (event.startsWith('look')) jobs.push(lanes.posted + alone);
    };
    let alone = 0;
    const post = lanes.post.bind(lanes);
    lanes.post = (job, after) => {
      alone++;
      return post(job, after);
    };
    const mask = tf.tensor4d([1, 0, 0, 1], [1, 2, 2, 1]);
    const features = tf.ones<tf.Rank.R4>([1, 2, 2, 2]);
    const sum = tf.tidy(() => {
      const masked = tf.mul(
        tf.conv2d(features, tf.ones<tf.Rank.R4>([1, 1, 2, 1]), 1, 'same'),
        mask,
      );
      return tf.add(defer(ones(seen, 3)), masked);
    });
    assert.deepEqual([...sum.dataSync()], [3, 1, 1, 3]);
    Reflect.deleteProperty(lanes, 'post');
    assert.isAbove(jobs[2], jobs[0], 'by the last look the masked branch is computed');
    tf.dispose([sum, mask, features]);
  });

  it('leave nothing behind when one of them fails', () =>
    assertLeavesNothing(() => {
      const events: string[] = [];
      const log = (event: string) => events.push(event);
      const sum = tf.tidy(() =>
        tf.add(defer(ones(log, 3)), defer(ones(log, 1, new Error('no ones today')))),
      );
      assert.throws(() => sum.dataSync(), 'no ones today');
      assert.throws(() => sum.dataSync(), 'no ones today');
      sum.dispose();
    }));
});
