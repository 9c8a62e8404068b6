import * as tf from '@tensorflow/tfjs-core';
import type { SplitVAttrs, StridedSliceAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { copyRuns } from '../lowering/runs.js';
import type { Call, Operation } from '../lowering/operation.js';
import { isEmpty, isTrusted } from '../wasm-kernels.js';

/*
 * Boxes out of tensors, at once and within the one memory: tfjs-backend-wasm's kernel copies all of the
 * tensor to JavaScript first.
 */

interface Box {
  begin: readonly number[];
  size: readonly number[];
}

/** The values of `x` from `begin` on, `size` of them along each axis, as a tensor of shape `outShape`. */
function cut(
  { backend, tensors }: Call,
  begin: readonly number[],
  size: number[],
  outShape = size,
): TensorInfo {
  const x = tensors.x!;
  const { shape, dtype } = x;
  const from = backend.slot(x.dataId).memoryOffset;
  const { heap } = backend.runtime;
  // Axes that are taken whole belong to the runs; the one before them is where runs begin.
  let inner = shape.length - 1;
  while (inner > 0 && size[inner] === shape[inner]) inner--;
  const width = tf.util.bytesPerElement(dtype);
  const strides = [...tf.util.computeStrides(shape), 1].map((stride) => stride * width);
  const runBytes = size[inner] * strides[inner];
  const copy = (axis: number, source: number, target: number): void => {
    source += begin[axis] * strides[axis];
    if (axis === inner) {
      copyRuns(heap, 1, runBytes, source, 0, target, 0);
      return;
    }
    const block = bytesFrom(axis + 1);
    if (axis === inner - 1) {
      const first = source + begin[inner] * strides[inner];
      copyRuns(heap, size[axis], runBytes, first, strides[axis], target, block);
      return;
    }
    for (let at = 0; at < size[axis]; at++) {
      copy(axis + 1, source + at * strides[axis], target + at * block);
    }
  };
  const bytesFrom = (axis: number): number => tf.util.sizeFromShape(size.slice(axis)) * width;
  return backend.output(outShape, dtype, (pointer) => {
    copy(0, from, pointer);
  });
}

const slice: Operation = {
  name: tf.Slice,
  defer(call: Call) {
    const x = call.tensors.x!;
    const { begin, size } = call.attrs as unknown as Box;
    // Trusted are boxes within the tensor, a number for each axis.
    if (!isTrusted(tf.Slice, { x }, call.attrs) || x.shape.length === 0) return null;
    if (begin.length !== x.shape.length || size.length !== x.shape.length) return null;
    const sizes = size.map((count, axis) => (count < 0 ? x.shape[axis] - begin[axis] : count));
    return tf.util.sizeFromShape(sizes) === 0 ? null : cut(call, begin, sizes);
  },
};

const stridedSlice: Operation = {
  name: tf.StridedSlice,
  defer(call: Call) {
    const x = call.tensors.x!;
    const options = call.attrs as unknown as StridedSliceAttrs;
    if (!isTrusted(tf.StridedSlice, { x }, call.attrs)) return null;
    const info = tf.slice_util.sliceInfo(
      x.shape,
      options.begin,
      options.end,
      options.strides,
      options.beginMask,
      options.endMask,
      options.ellipsisMask,
      options.newAxisMask,
      options.shrinkAxisMask,
    );
    if (info.isIdentity || !(info.sliceDim0 || info.isSimpleSlice)) return null;
    const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
    return isEmpty(size) ? null : cut(call, info.begin, size, info.finalShape);
  },
};

/** Several boxes of one tensor. */
export const split: Operation<TensorInfo[]> = {
  name: tf.SplitV,
  defer(call: Call) {
    const x = call.tensors.x!;
    const { numOrSizeSplits, axis } = call.attrs as unknown as SplitVAttrs;
    if (!isTrusted(tf.SplitV, { x }, call.attrs)) return null;
    const [along] = tf.util.parseAxisParam(axis, x.shape);
    const sizes = tf.backend_util.prepareSplitSize(x, numOrSizeSplits, along);
    if (sizes.some((size) => size === 0)) return null;
    const { result, error } = call.backend.attempt(() => {
      const begin = x.shape.map(() => 0);
      return sizes.map((size) => {
        const part = x.shape.map((whole, at) => (at === along ? size : whole));
        const made = cut(call, begin, part);
        begin[along] += size;
        return made;
      });
    });
    if (!result) throw error;
    return result;
  },
};

export const slices: Operation[] = [slice, stridedSlice];
