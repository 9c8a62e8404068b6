import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { LaneError, OutOfMemoryError } from '../../src/index.js';
import { dynconv, restart } from './footprint.js';
import { filter, quarters } from './random-tensors.js';

describe('an evaluation that fails half-way', () => {
  let x: tf.Tensor4D;
  let kernels: tf.Tensor4D[];

  before(async () => {
    await restart();
    x = quarters([1, 8, 8, 3], 1) as tf.Tensor4D;
    kernels = [filter([3, 3, 3, 4], 2), filter([3, 3, 4, 4], 3), filter([3, 3, 4, 4], 4)];
  });
  after(async () => {
    tf.dispose([x, ...kernels]);
    await tf.setBackend('cpu');
  });

  /** Layers of a map that is large enough to be cut into strips; each stays. */
  const chain = (): tf.Tensor4D[] =>
    tf.tidy(() => {
      const maps: tf.Tensor4D[] = [];
      const large = tf.tile(x, [1, 12, 12, 1]);
      for (const kernel of kernels) {
        maps.push(tf.relu(tf.conv2d(maps.at(-1) ?? large, kernel, 1, 'same')));
      }
      return maps;
    });

  it('gives no value that was lost with a lane', () => {
    const { lanes } = dynconv().runtime;
    const whole = chain().map((map) => map.dataSync());
    const maps = chain();
    const run = lanes.post.bind(lanes);
    const { jobs, faults } = lanes as unknown as {
      jobs: object;
      faults: { note(error: LaneError): void };
    };
    let posted = 0;
    // Jobs are queued, as if lanes were at work, and the lane that had the last ones is lost.
    lanes.post = (job, after) => {
      Object.defineProperty(jobs, 'areDone', { value: false, configurable: true });
      const token = run(job, after);
      Reflect.deleteProperty(jobs, 'areDone');
      if (++posted === 5) faults.note(new LaneError('f32_igemm_6x8', 1, 'it ended'));
      return token;
    };
    try {
      assert.throws(() => maps[2].dataSync(), LaneError);
    } finally {
      Reflect.deleteProperty(lanes, 'post');
    }
    maps.forEach((map, at) => {
      let values: Float32Array | null = null;
      try {
        values = map.dataSync<'float32'>();
      } catch (error) {
        assert.instanceOf(error, LaneError);
      }
      if (values) assert.deepEqual(values, whole[at]);
    });
    // These were computed, as far as their evaluation could tell.
    for (const map of maps.slice(0, 2)) assert.throws(() => map.dataSync(), LaneError);
    const again = chain();
    again.forEach((map, at) => {
      assert.deepEqual(map.dataSync(), whole[at]);
    });
    tf.dispose([maps, again]);
  });

  it('leaves no block behind, whichever allocation fails', () => {
    const pixel = (at: number): tf.Tensor =>
      tf.tensor(Array.from({ length: 64 }, (_, p) => Number(p === at)), [1, 8, 8, 1]); // prettier-ignore
    const masks = [pixel(9), pixel(40)];
    const networks = {
      'a copy': () => tf.tidy(() => {
        const y = tf.relu(tf.conv2d(x, kernels[0], 1, 'same'));
        return [tf.maxPool(y, 1, 1, 'valid'), y];
      }),
      'two regions': () => tf.tidy(() => {
        const y = tf.relu(tf.conv2d(x, kernels[0], 1, 'same'));
        const parts = masks.map((mask, at) =>
          tf.mul(tf.conv2d(y, kernels[1 + at], 1, 'same'), mask),
        );
        return [tf.add(parts[0], parts[1]), y];
      }),
    }; // prettier-ignore
    const { heap } = dynconv().runtime;
    const allocate = heap.allocate.bind(heap);
    for (const [what, network] of Object.entries(networks)) {
      const run = (failing: number): number => {
        let made = 0;
        const results = network();
        heap.allocate = (bytes) => {
          if (++made === failing) throw new OutOfMemoryError(bytes);
          return allocate(bytes);
        };
        try {
          results[0].dataSync();
        } catch (error) {
          assert.instanceOf(error, OutOfMemoryError);
        } finally {
          Reflect.deleteProperty(heap, 'allocate');
          tf.dispose(results);
        }
        return made;
      };
      const allocations = run(0);
      const before = heap.blocks;
      for (let failing = 1; failing <= allocations; failing++) {
        run(failing);
        assert.equal(heap.blocks, before, `${what}, allocation ${failing} of ${allocations}`);
      }
    }
    tf.dispose(masks);
  });
});
