import * as tf from '@tensorflow/tfjs-core';
import { channelsOf } from '../graph/view.js';
import { Window } from '../graph/window.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { Pool } from './pool.js';

/** The mean of maps over their pixels, as in squeeze-and-excitation. */
export const mean: Operation = {
  name: tf.Mean,
  defer(call: Call) {
    const { attrs, backend } = call;
    const x = required(call, 'x');
    const { axis, keepDims } = attrs as unknown as { axis: number | number[]; keepDims?: boolean };
    const rank = x.shape.length;
    if (x.dtype !== 'float32' || rank < 3 || tf.util.sizeFromShape(x.shape) === 0) return null;
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const spatial = x.shape.map((_, dimension) => dimension).slice(1, -1);
    if (!tf.util.arraysEqual([...axes].sort(), spatial)) return null;
    const [images] = x.shape;
    const inHeight = tf.util.sizeFromShape(x.shape.slice(1, -1));
    const window = new Window({
      images,
      inHeight,
      inWidth: 1,
      outHeight: 1,
      outWidth: 1,
      kernelHeight: inHeight,
      kernelWidth: 1,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight: 1,
      dilationWidth: 1,
      padTop: 0,
      padLeft: 0,
    });
    const shape = [images, ...(keepDims ? spatial.map(() => 1) : []), channelsOf(x)];
    return backend.defer(
      new Pool(tf.Mean, 'mean', window, null),
      [x],
      shape,
      'float32',
      x.nonNegative,
    );
  },
};
