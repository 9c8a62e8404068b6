import * as tf from '@tensorflow/tfjs-core';
import type { Source, Type } from '../source.js';

/*
 * How each kernel may be called: inputs of any type and of shapes that go together, and attributes.
 * The kernels are called by themselves, below TensorFlow.js's operations, which would refuse some
 * of the types before they get to the kernel.
 */

export interface KernelCall {
  inputs: Record<string, tf.Tensor | tf.Tensor[] | undefined> | tf.Tensor[];
  attrs?: Record<string, unknown>;
}

/** A call of the kernel with operands of the source; null where the source has none that would do. */
export type Caller = (source: Source) => KernelCall | null;

export const FLOAT: readonly Type[] = ['float32'];
export const INTEGER: readonly Type[] = ['int32'];

/** Calls a kernel of the current backend; `change` makes other tensors of its inputs. */
export function callKernel(
  name: string,
  { inputs, attrs = {} }: KernelCall,
  change = (x: tf.Tensor) => x,
): tf.Tensor[] {
  const given = Object.entries(inputs).filter(([, x]) => x) as [string, tf.Tensor | tf.Tensor[]][];
  const changed = Array.isArray(inputs)
    ? inputs.map(change)
    : Object.fromEntries(
        given.map(([key, x]) => [key, Array.isArray(x) ? x.map(change) : change(x)]),
      );
  const results = tf
    .engine()
    .runKernel<tf.Tensor | tf.Tensor[]>(
      name,
      changed as unknown as tf.NamedTensorMap,
      attrs as tf.NamedAttrMap,
    );
  return [results].flat();
}

/** The same caller for several kernels. */
export function each(names: readonly string[], caller: Caller): Record<string, Caller> {
  return Object.fromEntries(names.map((name) => [name, caller]));
}
