import type { DataType } from '@tensorflow/tfjs-core';
import { PixelSet } from './pixels.js';
import type { Rows } from './rows.js';
import type { Storage } from './storage.js';
import type { Evaluation } from './evaluation.js';

/** A storage as one reader sees it: a reshape changes the shape and keeps the values. */
export class View {
  /** Values of one pixel: the last dimension. */
  readonly channels: number;
  /** All dimensions but the last. */
  readonly pixels: number;

  constructor(
    readonly storage: Storage,
    readonly shape: number[],
  ) {
    this.channels = channelsOf(this);
    let pixels = 1;
    for (let axis = 0; axis < shape.length - 1; axis++) pixels *= shape[axis];
    this.pixels = pixels;
  }

  get dtype(): DataType {
    return this.storage.dtype;
  }

  get isDeferred(): boolean {
    return this.storage.node !== null;
  }

  /** Only the pixels that a mask lets through are other than zero. */
  get isMasked(): boolean {
    return this.storage.node?.primitive.isMasked ?? false;
  }

  /** No value is negative, as far as the operation that made it tells. */
  get nonNegative(): boolean {
    return this.storage.nonNegative;
  }

  /** The longest chain of deferred nodes behind the values; 0 when they are in memory. */
  get depth(): number {
    return this.storage.node?.depth ?? 0;
  }
}

/** A request of an operation: its input `view`, at least at the pixels of `want`. */
export interface Demand {
  view: View;
  want: PixelSet;
  /** All of the input's values are to be in memory afterwards, as a storage: weights. */
  whole?: boolean;
}

/** An operation's evaluation: it yields demands, receives their rows, and returns its own. */
export type Steps = Generator<Demand, Rows, Rows>;

/** The steps that bring all values of a small operand to memory: weights, a bias. */
export function* whole(view: View): Steps {
  const want = PixelSet.all(view.storage.runtime, view.pixels);
  return yield { view, want, whole: true };
}

/** All that is known about an operation with its attributes: one object an operation. */
export interface Primitive {
  /** The kernel name that it was registered under. */
  readonly name: string;
  /** Its rows are compact: only the pixels that a mask lets through. */
  readonly isMasked?: boolean;
  /**
   * Computes the rows of `node` that `want` asks for: its region rule and how it runs. The rows
   * returned are complete for `want`: a wanted pixel without a row is zero in all channels.
   */
  evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps;
}

/** A deferred operation: what computes a storage's values when they are asked for. */
export interface Node {
  readonly primitive: Primitive;
  readonly inputs: readonly View[];
  readonly shape: number[];
  readonly dtype: DataType;
  /** The longest chain of deferred nodes that ends here. */
  readonly depth: number;
}

/** Values of one pixel of a storage or a node's output: its last dimension. */
export function channelsOf({ shape }: { shape: number[] }): number {
  return shape[shape.length - 1] ?? 1;
}
