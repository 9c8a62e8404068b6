import * as tf from '@tensorflow/tfjs-core';
import type { DataType } from '@tensorflow/tfjs-core';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import { settled } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { valuesOf } from '../lowering/values.js';
import { deferComparedNumbers } from './compare.js';
import { identity } from './identity.js';

/** Values of another type: numbers as one typed array from another; true is what is not zero. */
class Cast implements Primitive {
  readonly name = tf.Cast;
  readonly zeros: Primitive['zeros'];

  /** @param rounds numbers become integers, or true and false */
  constructor(rounds: boolean) {
    this.zeros = rounds ? 'made' : 'kept';
  }

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const { runtime } = evaluation;
    const channels = channelsOf(node);
    const x = yield { view, want };
    const set = x.support(want).retain();
    const rows = yield* settled(evaluation.align(evaluation.compute(x), set));
    const bytes = set.count * channels * tf.util.bytesPerElement(node.dtype);
    const pointer = runtime.arena.allocate(bytes);
    const result = Rows.computed(runtime, set, channels, node.dtype, pointer);
    const from = valuesOf(rows);
    const to = valuesOf(result);
    if (node.dtype === 'bool') for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1;
    else to.set(from);
    rows.release();
    set.release();
    return result;
  }
}

export const cast: Operation = {
  name: tf.Cast,
  defer(call: Call) {
    const { attrs, backend } = call;
    const x = required(call, 'x');
    const { dtype } = attrs as unknown as { dtype: DataType };
    if (dtype === 'complex64' || dtype === 'string') return null;
    if (dtype === x.dtype) return identity.defer(call);
    if (x.shape.length === 0) return null;
    const compared = dtype === 'float32' ? deferComparedNumbers(backend, x) : null;
    if (compared) return compared;
    // What is beyond the largest integer wraps around.
    const nonNegative = x.nonNegative && (dtype !== 'int32' || x.dtype !== 'float32');
    return backend.defer(new Cast(dtype !== 'float32'), [x], x.shape, dtype, nonNegative);
  },
};
