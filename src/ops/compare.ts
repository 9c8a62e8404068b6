import * as tf from '@tensorflow/tfjs-core';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import { settled } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { deferBinary } from './elementwise.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { valuesOf } from '../lowering/values.js';

type Test = (value: number, number: number) => boolean;

/** Features compared with a number: how masks are made. */
class CompareNumber implements Primitive {
  readonly zeros = 'made';

  constructor(
    readonly name: string,
    private readonly test: Test,
    private readonly number: number,
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const { runtime } = evaluation;
    const channels = channelsOf(node);
    const x = yield* settled(evaluation.align(evaluation.compute(yield { view, want }), want));
    const pointer = runtime.arena.allocate(want.count * channels);
    const result = Rows.computed(runtime, want, channels, 'bool', pointer);
    const from = valuesOf(x);
    const to = valuesOf(result);
    const { test, number } = this;
    for (let i = 0; i < to.length; i++) to[i] = test(from[i], number) ? 1 : 0;
    x.release();
    return result;
  }
}

/** A comparison, and what it is with its operands swapped. */
function compare(name: string, test: Test): Operation {
  return {
    name,
    defer(call: Call) {
      const { backend } = call;
      const x = required(call, 'a');
      const number = backend.numberOf(required(call, 'b'));
      const isFloat = x.dtype === 'float32' && x.shape.length > 0;
      // A number of higher rank would broadcast to more dimensions.
      const keepsShape = required(call, 'b').shape.length <= x.shape.length;
      if (number === null || !isFloat || !keepsShape || !x.isDeferred) {
        return deferBinary(name, call);
      }
      return backend.defer(new CompareNumber(name, test, number), [x], x.shape, 'bool', true);
    },
  };
}

export const comparisons: Operation[] = [
  compare(tf.Greater, (value, number) => value > number),
  compare(tf.GreaterEqual, (value, number) => value >= number),
  compare(tf.Less, (value, number) => value < number),
  compare(tf.LessEqual, (value, number) => value <= number),
  compare(tf.Equal, (value, number) => value === number),
  compare(tf.NotEqual, (value, number) => value !== number),
];
