import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import { route } from '../arrays/routing.js';
import type { DynconvBackend } from '../backend.js';
import { MACS_PER_NS } from '../graph/cost.js';
import type { Evaluation } from '../graph/evaluation.js';
import { settled } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { channelsOf } from '../graph/view.js';
import type { View } from '../graph/view.js';
import { Window } from '../graph/window.js';
import { transposeEach } from '../lowering/matrices.js';
import type { Matrices } from '../lowering/matrices.js';
import { FilterLayout, packValues, packedBytes } from '../lowering/packing.js';
import { convolutionClass } from './conv2d.js';

/** Products of as many matrices as there are, [left, inner] times [inner, right] each. */
export interface Products {
  readonly left: number;
  readonly inner: number;
  readonly right: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The shape that the matrices of the result are counted by. */
  readonly batch: readonly number[];
}

/**
 * Each matrix of one tensor times one of the other, as attention needs it: 1x1 convolutions side by side, of
 * which the second matrices are the filters. They are packed anew every time, which pays from a few rows
 * of the first ones on.
 */
class BatchMatMul implements Primitive {
  readonly name = tf.BatchMatMul;
  readonly reach = Infinity;

  constructor(private readonly products: Products) {}

  /** Region rule: everything, for a row of the output reads all of a matrix. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [aView, bView] = node.inputs as [View, View];
    const { runtime } = evaluation;
    const { left, inner, right, transposeA, transposeB, batch } = this.products;
    const a = yield* dense(aView, transposeA, left, inner, evaluation);
    const b = yield* settled(yield* dense(bView, transposeB, inner, right, evaluation));
    const window = rowByRow(left);
    const { kernel, temporal } = route({
      layer: convolutionClass(window, right),
      ...{ taps: 1, inChannels: inner, outChannels: right, pixels: left, share: 1 },
    });
    const layout = new FilterLayout(kernel, 1, inner, right);
    const { arena, heap, kernels } = runtime;
    const bytes = packedBytes(layout, kernels);
    const bCount = countOf(bView);
    const matrices = tf.util.sizeFromShape([...batch]);
    const panels = arena.allocate(bCount * bytes);
    for (let at = 0; at < bCount; at++) {
      const values = b.pointer + at * inner * right * 4;
      packValues(values, layout, 0, kernels, panels + at * bytes);
    }
    const pointer = arena.allocate(matrices * left * right * 4);
    const placed = arena.allocate(matrices * Command.bytes);
    const commands: number[] = [];
    const [aAt, bAt] = [placesOf(aView, batch), placesOf(bView, batch)];
    for (let at = 0; at < matrices; at++) {
      const address = placed + at * Command.bytes;
      new Command()
        .window(window.geometry)
        .channels(inner, right)
        .input({ pointer: a.pointer + aAt[at] * left * inner * 4, stride: inner * 4 })
        .output({ pointer: pointer + at * left * right * 4, stride: right * 4 })
        .weights(panels + bAt[at] * bytes)
        .rowBlock(temporal.rowBlock)
        .zero(runtime.zeros(inner * 4))
        .place(heap, address);
      commands.push(address);
    }
    const cost = (matrices * left * inner * right) / MACS_PER_NS;
    const token = evaluation.run(kernel, commands, left, [a.token], cost);
    a.releaseAfter(token);
    b.release();
    for (const block of [placed, panels]) arena.free(block);
    const set = PixelSet.all(runtime, want.total);
    const rows = Rows.computed(runtime, set, channelsOf(node), 'float32', pointer);
    rows.token = token;
    set.release();
    return rows;
  }
}

/** All values of a view as matrices [rows, columns]; it holds them as [columns, rows] if it is transposed. */
function* dense(
  view: View,
  isTransposed: boolean,
  rows: number,
  columns: number,
  evaluation: Evaluation,
): Steps {
  const all = evaluation.all(view);
  const x = evaluation.align(evaluation.compute(yield { view, want: all }), all);
  all.release();
  if (!isTransposed) return x;
  const { runtime } = evaluation;
  const matrices: Matrices = { count: countOf(view), rows: columns, columns: rows };
  const { pointer, token } = transposeEach(x, matrices, evaluation);
  const set = PixelSet.all(runtime, matrices.count * rows);
  const transposed = Rows.computed(runtime, set, columns, 'float32', pointer);
  transposed.token = token;
  set.release();
  return transposed;
}

/** The window of a 1x1 convolution over `rows` pixels. */
export function rowByRow(rows: number): Window {
  const one = { kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1 };
  return new Window({
    ...{ images: 1, inHeight: 1, inWidth: rows, outHeight: 1, outWidth: rows, ...one },
    ...{ dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0 },
  });
}

/** How many matrices a view holds. */
const countOf = ({ shape }: View): number => tf.util.sizeFromShape(shape.slice(0, -2));

/** For each matrix of the result, which of the view's it is made of, by the rules of broadcasting. */
function placesOf({ shape }: View, batch: readonly number[]): number[] {
  const own = shape.slice(0, -2);
  const missing = batch.length - own.length;
  let places = [0];
  batch.forEach((wanted, axis) => {
    const size = axis < missing ? 1 : own[axis - missing];
    places = places.flatMap((place) =>
      Array.from({ length: wanted }, (_, at) => place * size + (size === 1 ? 0 : at)),
    );
  });
  return places;
}

/**
 * Whether a view's matrices, one after the other and over and over, are those of the result in their order, which the other
 * backends take for granted: it is not so where a dimension of one matrix comes behind one of several.
 */
export function repeats({ shape }: View, batch: readonly number[]): boolean {
  const own = shape.slice(0, -2);
  while (own[0] === 1) own.shift();
  return tf.util.arraysEqual(own, batch.slice(batch.length - own.length));
}

/** Defers products of matrices in float32, none of them empty. */
export function deferProducts(
  backend: DynconvBackend,
  a: View,
  b: View,
  products: Products,
): TensorInfo {
  const shape = [...products.batch, products.left, products.right];
  return backend.defer(new BatchMatMul(products), [a, b], shape, 'float32');
}
