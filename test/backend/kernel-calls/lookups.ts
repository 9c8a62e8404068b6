import * as tf from '@tensorflow/tfjs-core';
import type { Source, Type } from '../source.js';
import { FLOAT, INTEGER, each } from './call.js';
import type { Caller } from './call.js';

/** A value and its type, for Fill and OneHot. */
export const filling = (source: Source) =>
  source.pick(
    ...[0, 1, -2.5].map((value) => ({ value, dtype: 'float32' })),
    ...[0, 7, -3].map((value) => ({ value, dtype: 'int32' })),
    ...[0, 1].map((value) => ({ value, dtype: 'bool' })),
  );

/** Numbers below `end`, or now and then beyond it. */
export const indices = (source: Source, shape: number[], end: number, strays = 0.1): tf.Tensor =>
  source.tensor(
    shape,
    'int32',
    source.chance(strays) ? { from: -2, to: end + 1 } : { from: 0, to: Math.max(end - 1, 0) },
  );

export const lookups: Record<string, Caller> = {
  [tf.GatherV2](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const axis = source.int(0, x.rank - 1);
    const shape = source.shape(source.int(0, 2));
    const batchDims = source.chance(0.2) ? source.int(0, axis) : 0;
    const batch = x.shape.slice(0, batchDims);
    return {
      inputs: { x, indices: indices(source, [...batch, ...shape], x.shape[axis]) },
      attrs: { axis, batchDims },
    };
  },
  [tf.GatherNd](source) {
    const params = source.any({ ranks: [1, 2, 3, 4] });
    const depth = source.int(1, params.rank);
    const least = Math.min(...params.shape.slice(0, depth));
    return {
      inputs: {
        params,
        indices: indices(source, [...source.shape(source.int(0, 2)), depth], least),
      },
    };
  },
  [tf.ScatterNd](source) {
    const shape = source.shape(source.int(1, 3)).map((size) => Math.max(1, size));
    const depth = source.int(1, shape.length);
    const count = source.int(1, 4);
    const type = source.pick<Type>('float32', 'int32', 'bool');
    return {
      inputs: {
        indices: indices(source, [count, depth], Math.min(...shape.slice(0, depth))),
        updates: source.tensor([count, ...shape.slice(depth)], type),
      },
      attrs: { shape },
    };
  },
  [tf.TensorScatterUpdate](source) {
    const tensor = source.any({ ranks: [1, 2, 3] });
    const depth = source.int(1, tensor.rank);
    const count = source.int(1, 4);
    return {
      inputs: {
        tensor,
        indices: indices(source, [count, depth], Math.min(...tensor.shape.slice(0, depth))),
        updates: source.tensor([count, ...tensor.shape.slice(depth)], tensor.dtype),
      },
      attrs: {},
    };
  },
  [tf.SparseToDense](source) {
    const outputShape = source.shape(source.int(1, 3)).map((size) => Math.max(1, size));
    const count = source.int(1, 4);
    const type = source.pick<Type>('float32', 'int32', 'bool');
    return {
      inputs: {
        sparseIndices: indices(source, [count, outputShape.length], Math.min(...outputShape)),
        sparseValues: source.tensor(source.pick([count], []), type),
        defaultValue: source.tensor([], type),
      },
      attrs: { outputShape },
    };
  },
  [tf.OneHot](source) {
    const depth = source.int(1, 5);
    const { dtype } = filling(source);
    return {
      inputs: { indices: indices(source, source.shape(source.int(0, 3)), depth) },
      attrs: { depth, onValue: 1, offValue: 0, dtype },
    };
  },
  [tf.Bincount](source) {
    const size = source.int(1, 8);
    const x = indices(source, [source.length()], size);
    return {
      inputs: { x, weights: source.tensor(source.pick([0], x.shape), 'float32') },
      attrs: { size },
    };
  },
  [tf.DenseBincount](source) {
    const size = source.int(1, 8);
    const x = indices(source, source.shape(source.int(1, 2)), size);
    const weights = source.tensor(source.pick([0], x.shape), 'float32');
    return { inputs: { x, weights }, attrs: { size, binaryOutput: source.chance(0.3) } };
  },
  [tf.SearchSorted](source) {
    const rows = source.int(1, 3);
    const type = source.pick<Type>('float32', 'int32');
    const [sequence] = [source.tensor([rows, source.length()], type)];
    const sorted = tf.tensor(
      [...sequence.dataSync()].sort((a, b) => a - b),
      sequence.shape,
      type,
    );
    return {
      inputs: { sortedSequence: sorted, values: source.tensor([rows, source.length()], type) },
      attrs: { side: source.pick('left', 'right') },
    };
  },
  [tf.TopK](source) {
    const x = source.any({ ranks: [1, 2, 3], types: source.pick(FLOAT, INTEGER) });
    const k = source.int(0, x.shape[x.rank - 1]);
    return { inputs: { x }, attrs: { k, sorted: true } };
  },
  [tf.Unique](source) {
    const x = source.any({ ranks: [1, 2, 3] });
    return { inputs: { x }, attrs: { axis: source.int(0, x.rank - 1) } };
  },
  ...each([tf.SparseSegmentMean, tf.SparseSegmentSum], (source) => {
    const data = source.any({ ranks: [1, 2, 3] });
    const count = source.int(1, 5);
    const segments = Array.from({ length: count }, () => source.int(0, 3)).sort((a, b) => a - b);
    return {
      inputs: {
        data,
        indices: indices(source, [count], data.shape[0]),
        segmentIds: tf.tensor1d(segments, 'int32'),
      },
    };
  }),
  [tf.UnsortedSegmentSum](source) {
    const x = source.any({ ranks: [1, 2, 3] });
    return {
      inputs: { x, segmentIds: indices(source, [x.shape[0]], 3, 0) },
      attrs: { numSegments: 3 },
    };
  },
  [tf.SparseFillEmptyRows](source) {
    const rows = source.int(1, 4);
    const count = source.int(0, 4);
    const type = source.pick<Type>('float32', 'int32', 'bool');
    return {
      inputs: {
        indices: indices(source, [count, 2], rows),
        values: source.tensor([count], type),
        denseShape: tf.tensor1d([rows, 4], 'int32'),
        defaultValue: source.tensor([], type),
      },
    };
  },
  [tf.SparseReshape](source) {
    const count = source.int(0, 4);
    return {
      inputs: {
        inputIndices: indices(source, [count, 2], 4),
        inputShape: tf.tensor1d([4, 6], 'int32'),
        newShape: tf.tensor1d(source.pick([2, 12], [-1, 3], [24], [5, 5]), 'int32'),
      },
    };
  },
};
