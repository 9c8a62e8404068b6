import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { DynconvBackend } from '../../src/backend.js';
import '../../src/index.js';
import { map } from './cases.js';

/** Names of the cpu backend's kernels that run while `action` does. */
function cpuKernelsOf(action: () => tf.Tensor[]): string[] {
  const names: string[] = [];
  const kernels = tf.getKernelsForBackend('cpu').map((config) => ({ config, ...config }));
  for (const { config, kernelFunc } of kernels) {
    config.kernelFunc = (args) => {
      names.push(config.kernelName);
      return kernelFunc(args);
    };
  }
  try {
    tf.tidy(() => {
      for (const tensor of action()) tensor.dataSync();
    });
  } finally {
    for (const { config, kernelFunc } of kernels) config.kernelFunc = kernelFunc;
  }
  return names;
}

const indices = () => tf.tensor2d([0, 3, 1, 2], [2, 2], 'int32');

describe('what models do between layers', () => {
  before(() => tf.setBackend('dynconv'));
  after(() => tf.setBackend('cpu'));

  const cases: Record<string, () => tf.Tensor[]> = {
    'positions of most of a map': () => [
      tf.gatherND(map([4, 4, 1, 3]), indices()),
      tf.gatherND(tf.relu(map([4, 4, 1, 3])), indices()),
      tf.gatherND(tf.cast(map([4, 4, 2, 1]), 'int32'), indices()),
      tf.gatherND(tf.greater(map([4, 4, 1, 3]), 0), indices()),
    ],
    'parts of integers': () => [
      tf.stridedSlice(tf.tensor1d([1, 9, 5, 3], 'int32'), [1], [3], [1]),
      tf.stridedSlice(tf.tensor2d([1, 9, 5, 3], [2, 2], 'int32'), [0, 1], [2, 2], [1, 1], 1, 1),
    ],
  };
  for (const [name, action] of Object.entries(cases)) {
    it(`copies nothing to the cpu backend: ${name}`, () => {
      assert.deepEqual(cpuKernelsOf(action), []);
    });
  }

  it('defers no small product of what is in memory', () => {
    const backend = tf.backend();
    assert.instanceOf(backend, DynconvBackend);
    const defer = backend.defer.bind(backend);
    let deferrals = 0;
    backend.defer = (...args) => {
      deferrals++;
      return defer(...args);
    };
    try {
      tf.tidy(() => {
        const [a, b] = [tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])];
        assert.deepEqual([...tf.matMul(a, b).dataSync()], [19, 22, 43, 50]);
        assert.deepEqual([...tf.matMul(a, b, true, true).dataSync()], [23, 31, 34, 46]);
        assert.equal(deferrals, 0);
        tf.matMul(tf.ones([64, 64]), tf.ones([64, 64]));
        assert.equal(deferrals, 1);
      });
    } finally {
      backend.defer = defer;
    }
  });

  it('rounds few numbers to float32', () => {
    tf.tidy(() => {
      const [a, b] = [tf.tensor2d([3e38, 1, -0, NaN, 0.1, 7], [1, 6]), tf.scalar(3)];
      const numbers = a.dataSync();
      const cases: [tf.Tensor, (x: number) => number][] = [
        [tf.mul(a, b), (x) => x * 3],
        [tf.mul(b, a), (x) => x * 3],
        [tf.add(a, b), (x) => x + 3],
        [tf.sub(b, a), (x) => 3 - x],
        [tf.div(a, b), (x) => x / 3],
        [tf.div(b, a), (x) => 3 / x],
      ];
      for (const [tensor, rule] of cases) {
        assert.deepEqual(tensor.shape, [1, 6]);
        assert.deepEqual(tensor.dataSync(), numbers.map(rule));
      }
      assert.deepEqual(tf.mul(tf.ones([2, 1]), tf.ones([1, 2])).shape, [2, 2]);
    });
  });

  it('cuts boxes where they lie', () => {
    const backend = tf.backend();
    let reads = 0;
    const readSync = backend.readSync.bind(backend);
    backend.readSync = (dataId) => {
      reads++;
      return readSync(dataId);
    };
    try {
      tf.tidy(() => {
        const x = map([2, 5, 4, 3]);
        for (const [begin, size] of [
          [
            [0, 1, 2, 1],
            [2, 3, 2, 1],
          ],
          [
            [1, 0, 0, 0],
            [1, 5, 4, 3],
          ],
          [
            [0, 2, 0, 0],
            [-1, 2, -1, -1],
          ],
        ]) {
          tf.slice(x, begin, size);
          tf.stridedSlice(
            x,
            begin,
            begin.map((at) => at + 1),
            [1, 1, 1, 1],
          );
        }
      });
    } finally {
      backend.readSync = readSync;
    }
    assert.equal(reads, 0);
  });
});
