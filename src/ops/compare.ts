import * as tf from '@tensorflow/tfjs-core';
import { Comparison } from '../../kernels/command.js';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import { openNodeOf, settled } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { comparedWith } from '../lowering/functions.js';
import { deferBinary } from './elementwise.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { valuesOf } from '../lowering/values.js';
import { ValueFunctionPrimitive } from './value-function.js';

type Test = (value: number, number: number) => boolean;

const TESTS: Readonly<Record<Comparison, Test>> = {
  [Comparison.Greater]: (value, number) => value > number,
  [Comparison.GreaterEqual]: (value, number) => value >= number,
  [Comparison.Less]: (value, number) => value < number,
  [Comparison.LessEqual]: (value, number) => value <= number,
  [Comparison.Equal]: (value, number) => value === number,
  [Comparison.NotEqual]: (value, number) => value !== number,
};

/** Features compared with a number: how masks are made. */
class CompareNumber implements Primitive {
  readonly zeros = 'made';

  constructor(
    readonly name: string,
    private readonly comparison: Comparison,
    private readonly number: number,
  ) {}

  /** Its results as float32, on a kernel of the lanes. */
  get asNumbers(): ValueFunctionPrimitive {
    const { comparison, number } = this;
    return new ValueFunctionPrimitive(tf.Cast, comparedWith(comparison, number), 'made');
  }

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const { runtime } = evaluation;
    const channels = channelsOf(node);
    const x = yield* settled(evaluation.align(evaluation.compute(yield { view, want }), want));
    const pointer = runtime.arena.allocate(want.count * channels);
    const result = Rows.computed(runtime, want, channels, 'bool', pointer);
    const from = valuesOf(x);
    const to = valuesOf(result);
    const { number } = this;
    const test = TESTS[this.comparison];
    for (let i = 0; i < to.length; i++) to[i] = test(from[i], number) ? 1 : 0;
    x.release();
    return result;
  }
}

/**
 * Defers the results of a comparison as float32, which is what most masks are; null for values of anything else. They are
 * computed with the layer before, where JavaScript would have to wait for that first.
 */
export function deferComparedNumbers(backend: DynconvBackend, x: View): TensorInfo | null {
  const node = openNodeOf(x.storage);
  if (!(node?.primitive instanceof CompareNumber)) return null;
  const [{ storage }] = node.inputs;
  const compared = new View(storage, x.shape);
  return backend.defer(node.primitive.asNumbers, [compared], x.shape, 'float32', true);
}

/** A comparison of values with a number; any other is tfjs-backend-wasm's. */
function compare(name: string, comparison: Comparison): Operation {
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
      return backend.defer(new CompareNumber(name, comparison, number), [x], x.shape, 'bool', true);
    },
  };
}

export const comparisons: Operation[] = [
  compare(tf.Greater, Comparison.Greater),
  compare(tf.GreaterEqual, Comparison.GreaterEqual),
  compare(tf.Less, Comparison.Less),
  compare(tf.LessEqual, Comparison.LessEqual),
  compare(tf.Equal, Comparison.Equal),
  compare(tf.NotEqual, Comparison.NotEqual),
];
