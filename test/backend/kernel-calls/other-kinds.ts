import * as tf from '@tensorflow/tfjs-core';
import type { Type } from '../source.js';
import { FLOAT, each } from './call.js';
import type { Caller } from './call.js';
import { indices } from './lookups.js';

const complexNumbers: Record<string, Caller> = {
  [tf.Complex](source) {
    const real = source.any({ types: FLOAT });
    return { inputs: { real, imag: source.tensor(real.shape) } };
  },
  ...each([tf.Real, tf.Imag], (source) => ({
    inputs: { input: source.tensor(source.shape(source.int(0, 4)), 'complex64') },
  })),
  [tf.ComplexAbs]: (source) => ({
    inputs: { x: source.tensor(source.shape(source.int(0, 4)), 'complex64') },
  }),
  ...each([tf.FFT, tf.IFFT], (source) => ({
    inputs: { input: source.tensor([source.int(1, 3), source.int(1, 9)], 'complex64') },
  })),
};

const strings: Record<string, Caller> = {
  [tf.StringSplit]: (source) => ({
    inputs: { input: source.tensor([source.int(1, 4)], 'string'), delimiter: tf.scalar(' ') },
    attrs: { skipEmpty: source.chance(0.5) },
  }),
  [tf.StringToHashBucketFast]: (source) => ({
    inputs: { input: source.tensor(source.shape(source.int(0, 2)), 'string') },
    attrs: { numBuckets: source.int(1, 9) },
  }),
  [tf.StaticRegexReplace]: (source) => ({
    inputs: { x: source.tensor(source.shape(source.int(0, 2)), 'string') },
    attrs: { pattern: 'o|a', rewrite: 'e', replaceGlobal: source.chance(0.5) },
  }),
  [tf.StringNGrams](source) {
    const count = source.int(1, 5);
    return {
      inputs: {
        data: source.tensor([count], 'string'),
        dataSplits: tf.tensor1d([0, source.int(0, count), count], 'int32'),
      },
      attrs: {
        ...{ separator: '|', nGramWidths: [source.int(1, 3)], leftPad: 'l', rightPad: 'r' },
        ...{ padWidth: source.int(0, 2), preserveShortSequences: source.chance(0.5) },
      },
    };
  },
};

const ragged: Record<string, Caller> = {
  [tf.RaggedRange](source) {
    const type = source.pick<Type>('float32', 'int32');
    const count = source.int(1, 4);
    const numbers = (from: number, to: number) => source.tensor([count], type, { from, to });
    return { inputs: { starts: numbers(0, 3), limits: numbers(2, 8), deltas: numbers(1, 2) } };
  },
  [tf.RaggedGather](source) {
    const values = source.any({ ranks: [1, 2] });
    const [length] = values.shape;
    const splits = tf.tensor1d([0, source.int(0, length), length], 'int32');
    return {
      inputs: {
        paramsNestedSplits: [splits],
        paramsDenseValues: values,
        indices: indices(source, source.shape(source.int(0, 2)), 2),
      },
      attrs: { outputRaggedRank: 1 },
    };
  },
  [tf.RaggedTensorToTensor](source) {
    const values = source.any({ ranks: [1, 2] });
    const [length] = values.shape;
    const splits = tf.tensor1d([0, source.int(0, length), length], 'int32');
    return {
      inputs: {
        shape: tf.tensor1d([source.pick(-1, 2, 3), source.pick(-1, 2, 5)], 'int32'),
        values,
        defaultValue: source.tensor([], values.dtype),
        rowPartitionTensors: [splits],
      },
      attrs: { rowPartitionTypes: ['ROW_SPLITS'] },
    };
  },
};

/** Kernels of complex numbers, strings and ragged tensors. */
export const otherKinds: Record<string, Caller> = { ...complexNumbers, ...strings, ...ragged };
