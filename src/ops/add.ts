import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Evaluation } from '../graph/evaluation.js';
import { each, isMasked } from '../graph/node.js';
import type { Node, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import type { Negatives } from '../graph/rows.js';
import { affine, spreadsVector } from '../lowering/affine.js';
import { deferBinary } from './elementwise.js';
import { computeFew } from '../lowering/few.js';
import { runInPlace } from '../lowering/in-place.js';
import { anyDeferred, present, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { operandKind } from '../lowering/operand.js';
import { Pointwise } from '../lowering/pointwise.js';
import { wasmKernel } from '../wasm-kernels.js';

/** Sums of features; a residual where one addend is dense and the other is not. */
class Add extends Pointwise {
  constructor() {
    super(tf.Add, 'f32_add');
  }

  override *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [aView, bView] = node.inputs as [View, View];
    const [a, b] = yield* each(node.inputs, want);
    if (want.isAll) {
      // Only the pixels of the sparse addend change, the rest is the dense one's.
      if (a.set.isAll && !b.set.isAll) return this.addAt(a, aView, b, evaluation);
      if (b.set.isAll && !a.set.isAll) return this.addAt(b, bView, a, evaluation);
    }
    return this.combine(a, b, want, evaluation);
  }

  /** Adds compact rows to dense ones, in the dense ones' place when nobody else reads them. */
  private addAt(dense: Rows, view: View, sparse: Rows, evaluation: Evaluation): Rows {
    evaluation.compute(sparse);
    const negatives = negativesOfSum(evaluation.compute(dense).negatives, sparse.set);
    const own = ownDense(dense, view, evaluation);
    if (!sparse.isEmpty) runInPlace('f32_add_at', own, sparse, evaluation);
    sparse.release();
    const sum = own.changed(negatives);
    if (negatives instanceof PixelSet) negatives.release();
    return sum;
  }
}

/** Where a sum may be negative, if its dense addend may be so in `negatives`; retained. */
function negativesOfSum(negatives: Negatives, added: PixelSet): Negatives {
  if (negatives === 'anywhere') return negatives;
  return negatives === 'nowhere' ? added.retain() : negatives.union(added);
}

/** Dense rows in a block of their own: the storage's own block if nobody else reads it, or a copy. */
function ownDense(rows: Rows, view: View, evaluation: Evaluation): Rows {
  const { runtime, source } = rows;
  if (!source) return rows;
  const { arena } = runtime;
  // Two references: the node that is being evaluated, and these rows.
  const elsewhere = source.partial ?? source.speculated;
  if (source === view.storage && source.references === 2 && !elsewhere) {
    const pointer = arena.adopt(source.surrender());
    const own = Rows.computed(runtime, rows.set, rows.channels, rows.dtype, pointer);
    own.token = rows.token;
    own.readers = source.readers;
    rows.release();
    return own;
  }
  return evaluation.compute(
    evaluation.produce(rows.set, rows.channels, {
      kernel: 'rows_gather',
      command: new Command().channels(rows.channels),
      inputs: [rows],
      window: null,
      record: null,
    }),
  );
}

function addOrSub(name: typeof tf.Add | typeof tf.Sub): Operation {
  const apply = (x: number, y: number) => (name === tf.Add ? x + y : x - y);
  const primitive = () => (name === tf.Add ? new Add() : new Pointwise(name, 'f32_sub'));
  return {
    name,
    defer(call: Call) {
      const { backend } = call;
      const a = required(call, 'a');
      const b = required(call, 'b');
      if (!anyDeferred(a, b) && !spreadsVector(a, b)) return computeFew(call, apply);
      if (a.dtype !== 'float32' || b.dtype !== 'float32') return deferBinary(name, call);
      const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
      if (shape.length < 2 || tf.util.sizeFromShape(shape) === 0) return null;
      const nonNegative = name === tf.Add && a.nonNegative && b.nonNegative;
      const kinds = [operandKind(a.shape, shape), operandKind(b.shape, shape)];
      if (kinds[0] === 'full' && kinds[1] === 'full') {
        return backend.defer(primitive(), [a, b], shape, 'float32', nonNegative);
      }
      return affine(backend, name, a, b, shape, nonNegative) ?? deferBinary(name, call);
    },
  };
}

const add = addOrSub(tf.Add);

/**
 * A sum of many, which the converter makes of sums of sums: one after the other, masked addends last,
 * for they change the sum in place.
 */
const addN: Operation = {
  name: tf.AddN,
  defer(call: Call) {
    const { backend } = call;
    const addends = present(...Object.values(call.inputs));
    const [first, ...others] = addends.sort((a, b) => Number(isMasked(a)) - Number(isMasked(b)));
    let sum: TensorInfo | null = null;
    for (const b of others) {
      const a: View = sum ? backend.view(sum) : first;
      const next = add.defer({ ...call, inputs: { a, b }, wasm: wasmKernel(tf.Add) });
      if (sum) backend.disposeData(sum.dataId);
      if (!next) return null;
      sum = next;
    }
    return sum;
  },
};

export const sums: Operation[] = [add, addN, addOrSub(tf.Sub)];
