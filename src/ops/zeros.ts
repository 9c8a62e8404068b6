import * as tf from '@tensorflow/tfjs-core';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import type { Demand, Node, Primitive, Steps } from '../graph/node.js';
import type { PixelSet } from '../graph/pixels.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';

const NO_DEMANDS: readonly Demand[] = [];

/** A map of zeros. It reads nothing, and who reads it sees that it is empty. */
class Zeros implements Primitive {
  readonly zeros = 'made';

  constructor(readonly name: string) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    yield* NO_DEMANDS;
    return evaluation.none(want, { channels: channelsOf(node), dtype: node.dtype });
  }
}

/** A deferred map of zeros, made for the kernel `name`; null for a type or shape that has none. */
export function deferZeros(
  backend: DynconvBackend,
  name: string,
  shape: number[],
  dtype: DataType,
): TensorInfo | null {
  if (dtype === 'string' || dtype === 'complex64') return null;
  if (shape.length < 2 || tf.util.sizeFromShape(shape) === 0) return null;
  return backend.defer(new Zeros(name), [], shape, dtype, true);
}

export const zeros: Operation[] = [
  {
    name: tf.ZerosLike,
    defer(call: Call) {
      const { shape, dtype } = required(call, 'x');
      return deferZeros(call.backend, tf.ZerosLike, shape, dtype);
    },
  },
  {
    name: tf.Fill,
    defer({ attrs, backend }: Call) {
      const { shape, value, dtype } = attrs as unknown as {
        shape: number[];
        value: number | string;
        dtype?: DataType;
      };
      if (!Object.is(value, 0)) return null;
      return deferZeros(backend, tf.Fill, shape, dtype ?? tf.util.inferDtype(value));
    },
  },
];
