import * as tf from '@tensorflow/tfjs-core';
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { Composition, KernelCall } from '../lowering/operation.js';

/*
 * Einstein sums of two tensors, as Keras's attention layers are made of. tfjs-backend-wasm has none; the cpu
 * backend multiplies everything with everything before it sums.
 */

/** The dimensions of a sum of products, as numbers; those of the output are the first, in its order. */
interface Dimensions {
  /** In both operands and in the output. */
  readonly batch: number[];
  readonly left: number[];
  readonly right: number[];
  /** In both operands, summed over. */
  readonly inner: number[];
}

/** The parts that the dimensions of two operands play, which have none that is summed over by itself. */
function dimensionsOf(a: number[], b: number[], outputs: number): Dimensions {
  const both = a.filter((dimension) => b.includes(dimension));
  return {
    batch: both.filter((dimension) => dimension < outputs),
    left: a.filter((dimension) => !b.includes(dimension)),
    right: b.filter((dimension) => !a.includes(dimension)),
    inner: both.filter((dimension) => dimension >= outputs),
  };
}

/** An operand, and the dimensions that it has. */
interface Operand {
  readonly x: TensorInfo;
  readonly has: number[];
}

/** An operand, summed over what neither the other one nor the output has. */
function withoutLone(
  { x, has }: Operand,
  other: number[],
  outputs: number,
  call: KernelCall,
): Operand {
  const isLone = (dimension: number) => dimension >= outputs && !other.includes(dimension);
  const axis = has.flatMap((dimension, at) => (isLone(dimension) ? [at] : []));
  if (axis.length === 0) return { x, has };
  const sum = call(tf.Sum, { x }, { axis, keepDims: false });
  return { x: sum, has: has.filter((dimension) => !isLone(dimension)) };
}

/** `x`, whose dimensions are `has`, with those of `wants`, in that order. */
function reorder({ x, has }: Operand, wants: number[], call: KernelCall): TensorInfo {
  if (tf.util.arraysEqual(has, wants)) return x;
  const perm = wants.map((dimension) => has.indexOf(dimension));
  return call(tf.Transpose, { x }, { perm });
}

/** The size of each dimension; null where the tensors do not agree: the cpu backend says what is wrong. */
function sizesOf(tensors: TensorInfo[], idDims: number[][]): number[] | null {
  const sizes: number[] = [];
  for (const [index, has] of idDims.entries()) {
    const { shape } = tensors[index];
    if (shape.length !== has.length) return null;
    for (const [axis, dimension] of has.entries()) {
      if ((sizes[dimension] ?? shape[axis]) !== shape[axis]) return null;
      sizes[dimension] = shape[axis];
    }
  }
  return sizes;
}

const sizeOf = (sizes: number[], dimensions: number[]): number =>
  dimensions.reduce((size, dimension) => size * sizes[dimension], 1);

export const einsum: Composition = {
  name: tf.Einsum,
  /** A product of stacks of matrices: [batch, left, inner] times [batch, inner, right]. */
  compose(tensors: TensorInfo[], attrs: NamedAttrMap, call: KernelCall): TensorInfo | null {
    const { equation } = attrs as { equation: string };
    const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(
      equation,
      tensors.length,
    );
    if (tensors.length !== 2 || tensors.some(({ dtype }) => dtype !== 'float32')) return null;
    if (tensors.some(({ shape }) => tf.util.sizeFromShape(shape) === 0)) return null;
    const sizes = sizesOf(tensors, idDims);
    if (!sizes) return null;
    const outputs = allDims.length - summedDims.length;
    const [aHas, bHas] = idDims;
    const a = withoutLone({ x: tensors[0], has: aHas }, bHas, outputs, call);
    const b = withoutLone({ x: tensors[1], has: bHas }, aHas, outputs, call);
    const { batch, left, right, inner } = dimensionsOf(a.has, b.has, outputs);
    const matrices = (operand: Operand, rows: number[], columns: number[]) => {
      const shape = [batch, rows, columns].map((part) => sizeOf(sizes, part));
      const x = reorder(operand, [...batch, ...rows, ...columns], call);
      return call(tf.Reshape, { x }, { shape });
    };
    const product = call(
      tf.BatchMatMul,
      { a: matrices(a, left, inner), b: matrices(b, inner, right) },
      { transposeA: false, transposeB: false },
    );
    const made = [...batch, ...left, ...right];
    const shape = made.map((dimension) => sizes[dimension]);
    const x = call(tf.Reshape, { x: product }, { shape });
    const wanted = Array.from({ length: outputs }, (_, dimension) => dimension);
    return reorder({ x, has: made }, wanted, call);
  },
};
