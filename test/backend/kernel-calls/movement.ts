import * as tf from '@tensorflow/tfjs-core';
import type { Source } from '../source.js';
import type { Caller } from './call.js';
import { filling } from './lookups.js';

/** Pairs of padding for every axis of a tensor. */
const borders = (source: Source, { shape }: tf.Tensor, most: (size: number) => number) =>
  shape.map((size) =>
    source.chance(0.5) ? [0, 0] : [source.int(0, most(size)), source.int(0, most(size))],
  );

export const movement: Record<string, Caller> = {
  [tf.Cast]: (source) => ({
    inputs: { x: source.any({ range: source.pick('any', 'special') }) },
    attrs: { dtype: source.pick('float32', 'int32', 'bool') },
  }),
  [tf.Reshape](source) {
    const x = source.any();
    const shape = source.pick([x.size], [1, x.size], [...x.shape, 1], [...x.shape].reverse());
    return { inputs: { x }, attrs: { shape } };
  },
  [tf.ExpandDims](source) {
    const input = source.any({ ranks: [0, 1, 2, 3] });
    return { inputs: { input }, attrs: { dim: source.int(-1, input.rank) } };
  },
  [tf.Transpose](source) {
    const x = source.any({ ranks: [1, 2, 3, 4, 5] });
    return { inputs: { x }, attrs: { perm: source.permutation(x) } };
  },
  [tf.Reverse](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    return { inputs: { x }, attrs: { dims: source.axes(x) } };
  },
  [tf.Tile](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    return { inputs: { x }, attrs: { reps: x.shape.map(() => source.pick(1, 1, 2, 3)) } };
  },
  [tf.Concat](source) {
    const first = source.any({ ranks: [1, 2, 3, 4] });
    const axis = source.int(0, first.rank - 1);
    const more = Array.from({ length: source.int(0, 3) }, () =>
      source.tensor(
        first.shape.map((size, at) => (at === axis ? source.length() : size)),
        first.dtype,
      ),
    );
    return { inputs: [first, ...more], attrs: { axis } };
  },
  [tf.Pack](source) {
    const first = source.any({ ranks: [0, 1, 2, 3] });
    const more = Array.from({ length: source.int(0, 3) }, () =>
      source.tensor(first.shape, first.dtype),
    );
    return { inputs: [first, ...more], attrs: { axis: source.int(0, first.rank) } };
  },
  [tf.Unpack](source) {
    const value = source.any({ ranks: [1, 2, 3, 4] });
    return { inputs: { value }, attrs: { axis: source.int(0, value.rank - 1) } };
  },
  [tf.SplitV](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const axis = source.int(0, x.rank - 1);
    const size = x.shape[axis];
    const first = source.int(0, size);
    return {
      inputs: { x },
      attrs: { axis, numOrSizeSplits: source.pick<number | number[]>([first, size - first], 1) },
    };
  },
  [tf.PadV2](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const constantValue = x.dtype === 'bool' ? source.pick(0, 1) : source.pick(0, 0, 1, -1.5);
    return { inputs: { x }, attrs: { paddings: borders(source, x, () => 2), constantValue } };
  },
  [tf.MirrorPad](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const mode = source.pick('reflect', 'symmetric');
    const most = (size: number) => Math.max(0, Math.min(2, mode === 'reflect' ? size - 1 : size));
    return { inputs: { x }, attrs: { paddings: borders(source, x, most), mode } };
  },
  [tf.Slice](source) {
    const x = source.any({ ranks: [1, 2, 3, 4, 5] });
    const begin = x.shape.map((size) => source.int(0, size));
    const size = x.shape.map((length, axis) =>
      source.chance(0.3) ? -1 : source.int(0, length - begin[axis]),
    );
    return { inputs: { x }, attrs: { begin, size } };
  },
  [tf.StridedSlice](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const numbers = (min: number, max: number) => x.shape.map(() => source.int(min, max));
    const mask = () => (source.chance(0.5) ? 0 : source.int(0, 2 ** x.rank - 1));
    return {
      inputs: { x },
      attrs: {
        ...{ begin: numbers(-3, 3), end: numbers(-4, 7) },
        strides: x.shape.map(() => source.pick(1, 1, 2, -1)),
        ...{ beginMask: mask(), endMask: mask(), ellipsisMask: 0, newAxisMask: 0 },
        shrinkAxisMask: 0,
      },
    };
  },
  [tf.BatchToSpaceND](source) {
    const blockShape = [source.int(1, 2), source.int(1, 2)];
    const blocks = blockShape[0] * blockShape[1];
    const x = source.tensor(
      [blocks * source.int(1, 2), source.int(1, 4), source.int(1, 4), source.length()],
      source.pick('float32', 'int32', 'bool'),
    );
    const crops = [0, 1].map((axis) => [source.int(0, blockShape[axis] - 1), 0]);
    return { inputs: { x }, attrs: { blockShape, crops } };
  },
  [tf.SpaceToBatchND](source) {
    const x = source.any({ ranks: [3, 4] });
    const blockShape = [source.int(1, 2), source.int(1, 2)];
    const paddings = blockShape.map((block, axis) => {
      const before = source.int(0, 2);
      const length = x.shape[axis + 1] + before;
      return [before, (block - (length % block)) % block];
    });
    return { inputs: { x }, attrs: { blockShape, paddings } };
  },
  [tf.DepthToSpace](source) {
    const x = source.tensor(
      [source.length(), source.length(), source.length(), 4 * source.int(1, 3)],
      source.pick('float32', 'int32', 'bool'),
    );
    return { inputs: { x }, attrs: { blockSize: 2, dataFormat: 'NHWC' } };
  },
  [tf.Diag]: (source) => ({ inputs: { x: source.any({ ranks: [1, 2] }) } }),
  [tf.Fill]: (source) => ({
    inputs: {},
    attrs: { shape: source.shape(source.int(0, 4)), ...filling(source) },
  }),
  [tf.LinSpace]: (source) => ({
    inputs: {},
    attrs: { start: source.int(-3, 3), stop: source.int(-3, 3), num: source.int(1, 9) },
  }),
  [tf.Range]: (source) => ({
    inputs: {},
    attrs: {
      ...{ start: source.int(-3, 3), stop: source.int(-3, 9), step: source.pick(1, 2, -1) },
      dtype: source.pick('float32', 'int32'),
    },
  }),
  [tf.Select](source) {
    const t = source.any();
    const e = source.tensor(t.shape, t.dtype);
    const isByRows = t.rank > 1 && source.chance(0.2);
    return {
      inputs: { condition: source.tensor(isByRows ? [t.shape[0]] : t.shape, 'bool'), t, e },
    };
  },
  [tf.BroadcastArgs](source) {
    const shape = source.shape(source.int(1, 3));
    const vector = (sizes: number[]) => tf.tensor1d(sizes, 'int32');
    return { inputs: { s0: vector(shape), s1: vector(shape.map((size) => source.pick(1, size))) } };
  },
};
