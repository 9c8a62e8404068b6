import type { DataType } from '@tensorflow/tfjs-core';
import type { Evaluation } from './evaluation.js';
import { PixelSet } from './pixels.js';
import type { Rows } from './rows.js';
import type { Deferred, Storage } from './storage.js';
import type { View } from './view.js';

/** A request of an operation: its input `view`, at least at the pixels of `want`. */
export interface Demand {
  view: View;
  want: PixelSet;
  /** All of the input's values are to be in memory afterwards, as a storage: weights. */
  whole?: boolean;
}

/** A request of an operation: that the values of `settle` be in memory, for JavaScript to read. */
export interface Settlement {
  settle: Rows;
}

/** An operation's evaluation: it yields requests, receives their rows, and returns its own. */
export type Steps = Generator<Demand | Settlement, Rows, Rows>;

/** The steps that bring all values of a small operand to memory: weights, a bias. */
export function* whole(view: View): Steps {
  const want = PixelSet.all(view.storage.runtime, view.pixels);
  return yield { view, want, whole: true };
}

/** The steps after which the values of `rows` are in memory, for JavaScript to read. */
export function* settled(rows: Rows): Steps {
  return yield { settle: rows };
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
export class Node implements Deferred {
  /** The longest chain of deferred nodes that ends here. */
  readonly depth: number;

  constructor(
    readonly primitive: Primitive,
    readonly inputs: readonly View[],
    readonly shape: number[],
    readonly dtype: DataType,
  ) {
    let depth = 1;
    for (const view of inputs) if (view.depth >= depth) depth = view.depth + 1;
    this.depth = depth;
  }
}

/** What computes a storage's values; null once they are in memory. */
export function nodeOf({ node }: Storage): Node | null {
  return node instanceof Node ? node : null;
}

/** Only the pixels that a mask lets through are other than zero. */
export function isMasked({ storage }: View): boolean {
  return nodeOf(storage)?.primitive.isMasked ?? false;
}
