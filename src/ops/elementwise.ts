import * as tf from '@tensorflow/tfjs-core';
import type { KernelConfig, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import { settled } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { PixelSet } from '../graph/pixels.js';
import type { Rows } from '../graph/rows.js';
import { isTrusted } from '../wasm-kernels.js';
import { computeFew } from '../lowering/few.js';
import { runOnRows } from '../lowering/on-rows.js';
import { anyDeferred, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { operandKind, pixelPeriod } from '../lowering/operand.js';
import { deferPower, deferQuotient } from './value-function.js';

/*
 * Elementwise operations without a kernel of their own here: they pass the region on, and
 * tfjs-backend-wasm's kernel runs on the rows that are wanted.
 */

/** Unary operations of which zero is no fixed point, or whose sign at zero matters. */
const UNARY = [tf.Acos, tf.Acosh, tf.Cos, tf.Cosh, tf.Log, tf.LogicalNot, tf.Reciprocal];
const MORE_UNARY = [tf.Softplus, tf.IsFinite, tf.IsInf, tf.IsNan];

/** Unary operations that map zero to zero. */
const ZERO_PRESERVING = [
  ...[tf.Asin, tf.Asinh, tf.Atan, tf.Atanh, tf.Ceil, tf.Erf, tf.Expm1],
  ...[tf.Floor, tf.Log1p, tf.Neg, tf.Round, tf.Selu, tf.Sign, tf.Sin, tf.Sinh, tf.Tan],
];

const TO_BOOL: ReadonlySet<string> = new Set<string>([
  ...[tf.IsFinite, tf.IsInf, tf.IsNan, tf.LogicalNot, tf.LogicalAnd, tf.LogicalOr, tf.LogicalXor],
  ...[tf.Equal, tf.NotEqual, tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual],
]);

/** Operations that round, to integers or to true and false. */
const MAKES_ZEROS: ReadonlySet<string> = new Set<string>([
  ...TO_BOOL,
  ...[tf.Ceil, tf.Floor, tf.Round, tf.Sign],
]);

const NON_NEGATIVE: ReadonlySet<string> = new Set<string>([...[tf.Softplus, tf.SquaredDifference]]);

/** No result is negative; integers that are too large wrap around. */
function isNonNegative(name: string, dtype: tf.DataType): boolean {
  return NON_NEGATIVE.has(name) && dtype !== 'int32';
}

const BINARY = [
  ...[tf.Atan2, tf.Mod],
  ...[tf.SquaredDifference, tf.LogicalAnd, tf.LogicalOr, tf.LogicalXor],
];

/** An elementwise operation of one operand, on tfjs-backend-wasm's kernel. */
class Unary implements Primitive {
  readonly zeros: Primitive['zeros'];

  constructor(
    readonly name: string,
    private readonly backend: DynconvBackend,
    private readonly wasm: KernelConfig,
    private readonly attrs: NamedAttrMap,
    private readonly preservesZero: boolean,
  ) {
    if (MAKES_ZEROS.has(name)) this.zeros = 'made';
    else if (preservesZero) this.zeros = 'kept';
  }

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [Node['inputs'][0]];
    const x = yield { view, want };
    const channels = channelsOf(node);
    const set = this.preservesZero ? x.support(want) : want;
    if (set.count === 0) {
      x.release();
      return evaluation.none(want, { channels, dtype: node.dtype });
    }
    set.retain();
    const rows = yield* settled(evaluation.align(evaluation.compute(x), set));
    const result = runOnRows(this.backend, this.wasm, { x: rows }, this.attrs, set, channels);
    set.release();
    return result;
  }
}

function unary(name: string, preservesZero: boolean): Operation {
  return {
    name,
    defer(call: Call) {
      const { backend, attrs, wasm } = call;
      const x = required(call, 'x');
      if (x.shape.length === 0 || !anyDeferred(x) || !isTrusted(name, { x })) return null;
      const dtype = TO_BOOL.has(name) ? 'bool' : x.dtype;
      const primitive = new Unary(name, backend, wasm, attrs, preservesZero);
      return backend.defer(primitive, [x], x.shape, dtype, isNonNegative(name, dtype));
    },
  };
}

/** An elementwise operation of two operands, on tfjs-backend-wasm's kernel. */
class Binary implements Primitive {
  readonly zeros: Primitive['zeros'];

  constructor(
    readonly name: string,
    private readonly backend: DynconvBackend,
    private readonly wasm: KernelConfig,
  ) {
    this.zeros = MAKES_ZEROS.has(name) ? 'made' : 'kept';
  }

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const channels = channelsOf(node);
    if (want.count === 0) return evaluation.none(want, { channels, dtype: node.dtype });
    const operands: Rows[] = [];
    for (const view of node.inputs) {
      const kind = operandKind(view.shape, node.shape);
      if (kind === 'channel' || kind === 'scalar') {
        const all = evaluation.all(view);
        const rows = evaluation.compute(yield { view, want: all });
        operands.push(yield* settled(evaluation.align(rows, all)));
        all.release();
      } else {
        const rows = evaluation.compute(yield { view, want });
        operands.push(yield* settled(evaluation.align(rows, want)));
      }
    }
    const [a, b] = operands as [Rows, Rows];
    return runOnRows(this.backend, this.wasm, { a, b }, {}, want, channels);
  }
}

/** Defers a binary operation of any kind on tfjs-backend-wasm's kernel, where that may be done. */
export function deferBinary(name: string, call: Call): TensorInfo | null {
  const { backend, wasm } = call;
  const a = required(call, 'a');
  const b = required(call, 'b');
  if (!anyDeferred(a, b) || !isTrusted(name, { a, b })) return null;
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  if (shape.length === 0 || tf.util.sizeFromShape(shape) === 0) return null;
  for (const operand of [a, b]) {
    const kind = operandKind(operand.shape, shape);
    if (kind === null) return null;
    const pixels = tf.util.sizeFromShape(shape.slice(0, -1));
    if (kind === 'pixel' && pixelPeriod(operand.shape, shape) !== pixels) return null;
  }
  const dtype = TO_BOOL.has(name) ? 'bool' : a.dtype;
  const primitive = new Binary(name, backend, wasm);
  return backend.defer(primitive, [a, b], shape, dtype, isNonNegative(name, dtype));
}

function power(call: Call): TensorInfo | null {
  const { backend } = call;
  const [a, b] = [required(call, 'a'), required(call, 'b')];
  const exponent = backend.numberOf(b);
  const isPower = exponent !== null && a.shape.length >= b.shape.length;
  return (isPower ? deferPower(backend, a, exponent) : null) ?? deferBinary(tf.Pow, call);
}

function divide(call: Call): TensorInfo | null {
  const { backend } = call;
  const [a, b] = [required(call, 'a'), required(call, 'b')];
  const divisor = backend.numberOf(b);
  const isQuotient = divisor !== null && a.shape.length >= b.shape.length;
  const quotient = isQuotient ? deferQuotient(backend, a, divisor) : null;
  return quotient ?? deferBinary(tf.RealDiv, call) ?? computeFew(call, (x, y) => x / y);
}

export const elementwise: Operation[] = [
  ...[...UNARY, ...MORE_UNARY].map((name) => unary(name, false)),
  ...ZERO_PRESERVING.map((name) => unary(name, true)),
  ...BINARY.map((name) => ({ name, defer: (call: Call) => deferBinary(name, call) })),
  { name: tf.RealDiv, defer: divide },
  { name: tf.Pow, defer: power },
];
