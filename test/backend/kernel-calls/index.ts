import * as tf from '@tensorflow/tfjs-core';
import type { AnyType } from '../source.js';
import type { Caller } from './call.js';
import { elementwise } from './elementwise.js';
import { images } from './images.js';
import { linear } from './linear.js';
import { lookups } from './lookups.js';
import { movement } from './movement.js';
import { otherKinds } from './other-kinds.js';
import { windows } from './windows.js';

export { callKernel } from './call.js';
export type { KernelCall } from './call.js';

/** The kernels and how they are called. */
export const kernelCalls: Record<string, Caller> = {
  ...elementwise,
  ...windows,
  ...linear,
  ...movement,
  ...lookups,
  ...images,
  ...otherKinds,
};

/** Kernels whose results are exact where their operands have few bits. */
export const exact: ReadonlySet<string> = new Set<string>([
  ...[tf.Add, tf.AddN, tf.Sub, tf.Multiply, tf.Square, tf.SquaredDifference, tf.Maximum],
  ...[tf.Minimum, tf.Max, tf.Min, tf.Sum, tf.Prod, tf.Cumsum, tf.Cumprod, tf.MaxPool],
  ...[tf.Abs, tf.Neg, tf.Relu, tf.Relu6, tf.Floor, tf.Ceil, tf.Round, tf.Sign, tf.Step],
  ...[tf.ClipByValue, tf.LeakyRelu, tf.Prelu, tf.Conv2D, tf.Conv2DBackpropInput, tf.Conv3D],
  ...[tf.DepthwiseConv2dNative, tf.BatchMatMul, tf.Einsum, tf.TopK, ...Object.keys(movement)],
]);

const COPYING = [
  ...[tf.Identity, tf.Reshape, tf.ExpandDims, tf.Concat, tf.Pack, tf.Unpack, tf.SplitV, tf.Slice],
  ...[tf.StridedSlice, tf.ZerosLike, tf.OnesLike],
];
const TAKES_COMPLEX = new Set<string>([...COPYING, tf.Add, tf.Sub, tf.Multiply]);
const TAKES_STRINGS = new Set<string>([
  ...[...COPYING, tf.Tile, tf.GatherV2, tf.Reverse, tf.Unique, tf.Equal, tf.NotEqual],
]);

/** The types that a kernel takes beside numbers. */
export function otherTypes(kernel: string): AnyType[] {
  const types: AnyType[] = TAKES_COMPLEX.has(kernel) ? ['complex64'] : [];
  return TAKES_STRINGS.has(kernel) ? [...types, 'string'] : types;
}

/** Registered kernels that are not called so, each with its reason. */
export const uncalled: Record<string, string> = {
  [tf.Draw]: 'it writes to a canvas',
  [tf.Multinomial]: 'its results are random',
};
