import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import type { Job } from '../../src/arrays/job.js';
import { machine } from './machine.js';

/** An inverted residual block on a map of `side` x `side`, with `hidden` channels within. */
function block(side: number, channels: number, hidden: number): tf.Tensor {
  return tf.tidy(() => {
    const x = tf.randomUniform<tf.Rank.R4>([1, side, side, channels], -1, 1, 'float32', 1);
    const weights = (shape: [number, number, number, number]): tf.Tensor4D =>
      tf.randomUniform(shape, -0.1, 0.1, 'float32', 2);
    const wide = tf.relu6(tf.conv2d(x, weights([1, 1, channels, hidden]), 1, 'same'));
    const mixed = tf.relu6(tf.depthwiseConv2d(wide, weights([3, 3, hidden, 1]), 1, 'same'));
    return tf.conv2d(mixed, weights([1, 1, hidden, channels]), 1, 'same');
  });
}

/** The algorithms of the layers of each job that `run` posts. */
async function jobsOf(run: () => tf.Tensor): Promise<string[][]> {
  const { lanes } = await machine();
  const jobs: string[][] = [];
  const post = lanes.post.bind(lanes);
  lanes.post = (job: Job, after) => {
    jobs.push(job.stages.map(({ kernel }) => kernel.split('_')[1]));
    return post(job, after);
  };
  try {
    const result = run();
    result.dataSync();
    result.dispose();
    return jobs;
  } finally {
    Reflect.deleteProperty(lanes, 'post');
  }
}

const WHOLE = ['igemm', 'dwconv', 'igemm'];

describe('a stream that lanes share', () => {
  /** Has streams cut for so many lanes; the calling thread does what they would. */
  const share = async (ready: number): Promise<void> => {
    const { lanes } = await machine();
    Object.defineProperty(lanes, 'ready', { value: ready, configurable: true });
  };

  afterEach(async () => {
    Reflect.deleteProperty((await machine()).lanes, 'ready');
  });

  it('is not cut where lanes would compute most of a small map twice', async () => {
    await share(2);
    assert.deepEqual(await jobsOf(() => block(8, 96, 576)), [['igemm'], ['dwconv', 'igemm']]);
  });

  it('is cut as it is where the halo is little of it', async () => {
    await share(2);
    assert.deepEqual(await jobsOf(() => block(64, 32, 96)), [WHOLE]);
  });

  it('is one job on one lane, however small the map', async () => {
    await share(1);
    assert.deepEqual(await jobsOf(() => block(8, 96, 576)), [WHOLE]);
  });
});
