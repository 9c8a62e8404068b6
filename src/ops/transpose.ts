import * as tf from '@tensorflow/tfjs-core';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { transposeEach } from '../lowering/matrices.js';
import type { Matrices } from '../lowering/matrices.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';

/** Channels moved before or behind the pixels, as models with channels first need it. */
class Transpose implements Primitive {
  readonly name = tf.Transpose;
  readonly zeros = 'kept';

  constructor(private readonly matrices: Matrices) {}

  readonly reach = Infinity;

  /** Region rule: everything, for a row of the output reads a column of the input. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const { runtime } = evaluation;
    if (want.count === 0) {
      return evaluation.none(want, { channels: channelsOf(node), dtype: node.dtype });
    }
    const [view] = node.inputs as [View];
    const all = evaluation.all(view);
    const x = evaluation.align(evaluation.compute(yield { view, want: all }), all);
    all.release();
    const { pointer, token } = transposeEach(x, this.matrices, evaluation);
    const set = PixelSet.all(runtime, want.total);
    const result = Rows.computed(runtime, set, channelsOf(node), 'float32', pointer);
    result.token = token;
    set.release();
    return result;
  }
}

/** The matrices whose transposition is the permutation, if it is one. */
function matricesOf(shape: number[], perm: number[]): Matrices | null {
  const product = (axes: number[]) => axes.reduce((size, axis) => size * shape[axis], 1);
  const first = perm.findIndex((axis, position) => axis !== position);
  if (first < 0) return null;
  const split = perm[first];
  const axes = perm.map((_, axis) => axis);
  const swapped = [...axes.slice(0, first), ...axes.slice(split), ...axes.slice(first, split)];
  if (!tf.util.arraysEqual(perm, swapped)) return null;
  return {
    count: product(axes.slice(0, first)),
    rows: product(axes.slice(first, split)),
    columns: product(axes.slice(split)),
  };
}

export const transpose: Operation = {
  name: tf.Transpose,
  defer(call: Call) {
    const { attrs, backend } = call;
    const x = required(call, 'x');
    const { perm } = attrs as unknown as { perm: number[] };
    if (x.dtype !== 'float32' || x.shape.length < 3) return null;
    if (tf.util.sizeFromShape(x.shape) === 0) return null;
    const matrices = matricesOf(x.shape, perm);
    if (!matrices) return null;
    const shape = perm.map((axis) => x.shape[axis]);
    return backend.defer(new Transpose(matrices), [x], shape, 'float32', x.nonNegative);
  },
};
