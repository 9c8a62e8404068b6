import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import { openNodeOf } from '../graph/node.js';
import type { Node } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { Affine } from '../lowering/affine.js';
import { onKernel, selfGate } from '../lowering/functions.js';
import type { ValueFunction } from '../lowering/functions.js';
import { Clamp } from './clamp.js';
import { ValueFunctionPrimitive, deferFunction } from './value-function.js';

/*
 * Values times a gate that is computed from the same values, as models write silu (swish) and hard swish. By
 * itself, the product would read the values twice, so that they had to be kept; as one function it follows the
 * layer that makes them, strip by strip.
 */

/** Defers the product as a function of one operand, where the other is a gate computed from it. */
export function deferSelfGate(backend: DynconvBackend, a: View, b: View): TensorInfo | null {
  if (!tf.util.arraysEqual(a.shape, b.shape)) return null;
  for (const [x, gate] of [
    [a, b],
    [b, a],
  ]) {
    const found = silu(x, gate) ?? hardSwish(x, gate, backend);
    const primitive = found && new ValueFunctionPrimitive(tf.Multiply, found, 'kept');
    if (primitive) return deferFunction(backend, primitive, x);
  }
  return null;
}

/** The node behind a gate that nobody else reads; what is read elsewhere is computed anyway. */
function soleNode({ storage }: View): Node | null {
  return storage.references === 1 ? openNodeOf(storage) : null;
}

/** x * sigmoid(x) */
function silu(x: View, gate: View): ValueFunction | null {
  const node = soleNode(gate);
  if (node?.primitive.name !== tf.Sigmoid || node.inputs[0].storage !== x.storage) return null;
  return onKernel('f32_silu');
}

/** x * clamp(x + offset), or with the clamped gate times or over a number. */
function hardSwish(x: View, gate: View, backend: DynconvBackend): ValueFunction | null {
  const scaled = scaling(gate, backend);
  const clamped = soleNode(scaled?.view ?? gate);
  if (!(clamped?.primitive instanceof Clamp)) return null;
  const shifted = soleNode(clamped.inputs[0]);
  if (!(shifted?.primitive instanceof Affine) || shifted.primitive.name !== tf.Add) return null;
  const [values, number] = shifted.inputs;
  const offset = values.storage === x.storage ? backend.numberOf(number) : null;
  if (offset === null) return null;
  return selfGate(offset, clamped.primitive.bounds, scaled?.scale ?? 1);
}

/** What a gate is times a number, if it is. */
function scaling(gate: View, backend: DynconvBackend): { view: View; scale: number } | null {
  const node = soleNode(gate);
  if (!(node?.primitive instanceof Affine) || node.primitive.name !== tf.Multiply) return null;
  const [view, number] = node.inputs;
  const scale = backend.numberOf(number);
  return scale === null ? null : { view, scale };
}
