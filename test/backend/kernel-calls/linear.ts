import * as tf from '@tensorflow/tfjs-core';
import type { Source } from '../source.js';
import { FLOAT, INTEGER, each } from './call.js';
import type { Caller } from './call.js';

/** Two matrices, or stacks of them, whose product exists. */
function matrices(source: Source) {
  const [transposeA, transposeB] = [source.chance(0.4), source.chance(0.4)];
  const types = source.chance(0.8) ? FLOAT : undefined;
  const a = source.any({ ranks: [3], types });
  const [batch, first, second] = a.shape as [number, number, number];
  const [left, inner] = transposeA ? [second, first] : [first, second];
  const right = source.length();
  const b = source.tensor(
    [source.pick(batch, batch, 1), ...(transposeB ? [right, inner] : [inner, right])],
    a.dtype,
  );
  return { a, b, transposeA, transposeB, left, right };
}

export const linear: Record<string, Caller> = {
  [tf.BatchMatMul](source) {
    const { a, b, transposeA, transposeB } = matrices(source);
    return { inputs: { a, b }, attrs: { transposeA, transposeB } };
  },
  [tf._FusedMatMul](source) {
    const { a, b, transposeA, transposeB, right } = matrices(source);
    const activation = source.pick(
      'linear',
      'relu',
      'relu6',
      'elu',
      'sigmoid',
      'leakyrelu',
      'prelu',
    );
    const bias = source.chance(0.5) ? source.tensor([right], a.dtype) : undefined;
    const weights = activation === 'prelu' ? source.tensor([right]) : undefined;
    return {
      inputs: { a, b, bias, preluActivationWeights: weights },
      attrs: { transposeA, transposeB, activation, leakyreluAlpha: 0.25 },
    };
  },
  [tf.Einsum](source) {
    const a = source.any({ ranks: [2], types: FLOAT });
    return {
      inputs: [a, source.tensor([a.shape[1]!, source.int(1, 4)])],
      // With a dimension that only one operand has and that is summed over, the cpu backend's shapes are wrong.
      attrs: { equation: source.pick('ij,jk->ik', 'ij,jk->ki') },
    };
  },
  [tf.FusedBatchNorm](source) {
    const x = source.any({ ranks: [2, 3, 4], types: FLOAT });
    const vector = (range: 'any' | 'positive') =>
      source.tensor(
        x.shape.slice(-1),
        source.pick('float32', 'float32', 'float32', 'int32'),
        range,
      );
    return {
      inputs: {
        ...{ x, mean: vector('any'), variance: vector('positive') },
        offset: source.chance(0.5) ? vector('any') : undefined,
        scale: source.chance(0.5) ? vector('any') : undefined,
      },
      attrs: { varianceEpsilon: 0.25 },
    };
  },
  [tf.Softmax]: (source) => {
    const logits = source.any({ ranks: [1, 2, 3, 4] });
    return { inputs: { logits }, attrs: { dim: logits.rank - 1 } };
  },
  ...each([tf.LRN], (source) => ({
    inputs: { x: source.any({ ranks: [4], types: FLOAT }) },
    attrs: { depthRadius: source.int(0, 3), bias: 1, alpha: 0.5, beta: 0.5 },
  })),
  [tf.LRNGrad](source) {
    const x = source.any({ ranks: [4], types: FLOAT });
    const [y, dy] = [source.tensor(x.shape), source.tensor(x.shape)];
    return {
      inputs: { x, y, dy },
      attrs: { depthRadius: source.int(0, 3), bias: 1, alpha: 0.5, beta: 0.5 },
    };
  },
  [tf.EluGrad](source) {
    const y = source.any({ types: FLOAT });
    return { inputs: { dy: source.tensor(y.shape), y } };
  },
  [tf.LeakyRelu]: (source) => ({ inputs: { x: source.any() }, attrs: { alpha: 0.25 } }),
  [tf.Prelu](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const shape = source.chance(0.6)
      ? x.shape.slice(-1)
      : x.shape.map((size) => source.pick(1, size));
    return {
      inputs: { x, alpha: source.tensor(shape, source.pick('float32', 'float32', 'int32')) },
    };
  },
  [tf.Step]: (source) => ({ inputs: { x: source.any() }, attrs: { alpha: source.pick(0, 0.25) } }),
  [tf.ClipByValue](source) {
    const [clipValueMin, clipValueMax] = source.pick(
      [0, 1],
      [-1, 2],
      [1, 2],
      [-2.5, -0.5],
      [-Infinity, 0],
    );
    return { inputs: { x: source.any() }, attrs: { clipValueMin, clipValueMax } };
  },
  [tf.AddN](source) {
    const first = source.any();
    const more = Array.from({ length: source.int(1, 3) }, () =>
      source.tensor(first.shape, first.dtype),
    );
    return { inputs: [first, ...more] };
  },
  [tf.BitwiseAnd](source) {
    const a = source.any({ types: INTEGER });
    return { inputs: { a, b: source.tensor(a.shape, 'int32') } };
  },
  ...each([tf.LogicalAnd, tf.LogicalOr, tf.LogicalXor], (source) => {
    const a = source.any({ types: ['bool'] });
    return { inputs: { a, b: source.mate(a) } };
  }),
  [tf.LogicalNot]: (source) => ({ inputs: { x: source.any({ types: ['bool'] }) } }),
};
