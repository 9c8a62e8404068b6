import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { activate, onKernel, quotient } from '../lowering/functions.js';
import type { ValueFunction } from '../lowering/functions.js';
import { isDeferredOrLarge, required } from '../lowering/operation.js';
import type { Operation } from '../lowering/operation.js';

/** A function of each value, with a kernel of its own. */
export class ValueFunctionPrimitive implements Primitive {
  constructor(
    readonly name: string,
    private readonly valueFunction: ValueFunction,
    readonly zeros?: Primitive['zeros'],
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const x = yield { view: node.inputs[0], want };
    const set = (this.zeros === 'kept' ? x.support(want) : want).retain();
    const rows = activate(x, this.valueFunction, set, evaluation);
    set.release();
    return rows;
  }
}

/** What is known of a function's results, and of its cost. */
interface Traits {
  readonly nonNegative?: boolean;
  /** On values in memory, tfjs-backend-wasm's kernel is as fast. */
  readonly isCheap?: boolean;
}

/** Defers a function of the values of x; null where that may not be done, or does not pay. */
export function deferFunction(
  backend: DynconvBackend,
  primitive: ValueFunctionPrimitive,
  x: View,
  { nonNegative = false, isCheap = false }: Traits = {},
): TensorInfo | null {
  if (x.dtype !== 'float32' || x.shape.length === 0) return null;
  if (isCheap ? !x.isDeferred : !isDeferredOrLarge(x)) return null;
  return backend.defer(primitive, [x], x.shape, 'float32', nonNegative);
}

/** The quotient of x and a number. */
export function deferQuotient(
  backend: DynconvBackend,
  x: View,
  divisor: number,
): TensorInfo | null {
  const zeros = divisor !== 0 && !Number.isNaN(divisor) ? 'kept' : undefined;
  const primitive = new ValueFunctionPrimitive(tf.RealDiv, quotient(divisor), zeros);
  return deferFunction(backend, primitive, x, {
    nonNegative: x.nonNegative && divisor > 0,
    isCheap: true,
  });
}

/** The second or third power, as in layer normalization and GELU; null for any other. */
export function deferPower(backend: DynconvBackend, x: View, exponent: number): TensorInfo | null {
  if (exponent !== 2 && exponent !== 3) return null;
  const kernel = exponent === 2 ? 'f32_square' : 'f32_cube';
  const primitive = new ValueFunctionPrimitive(tf.Pow, onKernel(kernel), 'kept');
  return deferFunction(backend, primitive, x, { nonNegative: exponent === 2 || x.nonNegative });
}

function valueFunction(
  name: string,
  kernel: ValueFunction['kernel'],
  { keepsZero = false, ...traits }: Traits & { readonly keepsZero?: boolean },
): Operation {
  const zeros = keepsZero ? 'kept' : undefined;
  const primitive = new ValueFunctionPrimitive(name, onKernel(kernel), zeros);
  return {
    name,
    defer: (call) => deferFunction(call.backend, primitive, required(call, 'x'), traits),
  };
}

export const valueFunctions: Operation[] = [
  valueFunction(tf.Exp, 'f32_exp', { nonNegative: true }),
  valueFunction(tf.Sigmoid, 'f32_sigmoid', { nonNegative: true }),
  valueFunction(tf.Tanh, 'f32_tanh', { keepsZero: true }),
  valueFunction(tf.Elu, 'f32_elu', { keepsZero: true }),
  valueFunction(tf.Square, 'f32_square', { keepsZero: true, nonNegative: true, isCheap: true }),
  valueFunction(tf.Sqrt, 'f32_sqrt', { keepsZero: true, nonNegative: true }),
  valueFunction(tf.Rsqrt, 'f32_rsqrt', {}),
  valueFunction(tf.Abs, 'f32_abs', { keepsZero: true, nonNegative: true, isCheap: true }),
];
