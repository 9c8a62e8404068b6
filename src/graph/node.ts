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

/** Requests of an operation that need not wait for one another; their rows come in `rows`. */
export interface Fork {
  readonly demands: readonly Demand[];
  readonly rows: Rows[];
}

export type Request = Demand | Settlement | Fork;

/** An operation's evaluation: it yields requests, receives their rows, and returns its own. */
export type Steps = Generator<Request, Rows, Rows>;

/** The steps that bring all values of a small operand to memory: weights, a bias. */
export function* whole(view: View): Steps {
  const want = PixelSet.all(view.storage.runtime, view.pixels);
  return yield { view, want, whole: true };
}

/** The steps after which the values of `rows` are in memory, for JavaScript to read. */
export function* settled(rows: Rows): Steps {
  return yield { settle: rows };
}

/**
 * The steps that ask for the same region of several inputs. The one that reads the most of what they
 * have in common is asked first: what it leaves in memory serves the others, and nothing is computed
 * region by region that could be at once. Where all is wanted and no input is computed from another,
 * none waits for another.
 */
export function* each(
  views: readonly View[],
  want: PixelSet,
): Generator<Demand | Fork, Rows[], Rows> {
  const order = orderOf(views);
  const rows = new Array<Rows>(views.length);
  if (want.isAll && areBranches(views)) {
    const answers = new Array<Rows>(views.length);
    yield { demands: order.map((index) => ({ view: views[index], want })), rows: answers };
    for (let at = 0; at < order.length; at++) rows[order[at]] = answers[at];
  } else {
    for (let at = 0; at < order.length; at++) {
      const index = order[at];
      rows[index] = yield { view: views[index], want };
    }
  }
  return rows;
}

const IN_ORDER: readonly number[] = [0, 1];
const REVERSED: readonly number[] = [1, 0];

/** The indices of views in the order in which they are asked; of two, which most operations have, without a new list. */
function orderOf(views: readonly View[]): readonly number[] {
  if (views.length === 2) return precedence(views[0], views[1]) > 0 ? REVERSED : IN_ORDER;
  const order = views.map((_, index) => index);
  return order.sort((i, j) => precedence(views[i], views[j]));
}

/** Nodes between an addition and what it adds to, at most, in a residual block. */
const LONGEST_RESIDUAL = 32;

/** Whether several views are still to be computed, and none, as far as it looks, from another. */
function areBranches(views: readonly View[]): boolean {
  let count = 0;
  let shallow: View | null = null;
  for (const view of views) {
    if (view.storage.isReady) continue;
    count++;
    if (!shallow || view.depth < shallow.depth) shallow = view;
  }
  if (count < 2 || !shallow) return false;
  const ahead: Storage[] = [];
  for (const view of views) if (view !== shallow && !view.storage.isReady) ahead.push(view.storage);
  const seen: Storage[] = [];
  for (let storage = ahead.pop(); storage; storage = ahead.pop()) {
    if (storage === shallow.storage) return false;
    const { node } = storage;
    if (!node || node.depth <= shallow.depth || seen.includes(storage)) continue;
    if (seen.length === LONGEST_RESIDUAL) break;
    seen.push(storage);
    for (const input of node.inputs) ahead.push(input.storage);
  }
  return true;
}

/** Sorts what reaches farther before what reaches less far. */
export function compareReach(a: View, b: View): number {
  return Number(a.reach < b.reach) - Number(a.reach > b.reach);
}

/** A masked input reads less than one that is not; else the farther the windows reach, the more. */
function precedence(a: View, b: View): number {
  return Number(isMasked(a)) - Number(isMasked(b)) || compareReach(a, b);
}

/** All that is known about an operation with its attributes: one object an operation. */
export interface Primitive {
  /** The kernel name that it was registered under. */
  readonly name: string;
  /** Its rows are compact: only the pixels that a mask lets through. */
  readonly isMasked?: boolean;
  /**
   * What it has to do with zeros: `made` on purpose, as a comparison or relu makes them, or `kept`, where
   * all of its inputs are zero. Absent for the rest, whose zeros are chance: a convolution, a bias.
   */
  readonly zeros?: 'made' | 'kept';
  /** How many pixels its windows span beyond the first; absent where it has none. */
  readonly reach?: number;
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
  /** The sum of the primitives' reach along the farthest reaching chain. */
  readonly reach: number;
  /** It may be meant as a mask: its zeros are made on purpose, or given. */
  readonly mayMask: boolean;
  /** The most layers, which have windows, in a chain of deferred nodes that ends here. */
  readonly layers: number;
  place = 0;
  signature = 0;

  constructor(
    readonly primitive: Primitive,
    readonly inputs: readonly View[],
    readonly shape: number[],
    readonly dtype: DataType,
  ) {
    let depth = 0;
    let reach = 0;
    let layers = 0;
    for (const view of inputs) {
      depth = Math.max(depth, view.depth);
      reach = Math.max(reach, view.reach);
      layers = Math.max(layers, view.layers);
    }
    this.depth = depth + 1;
    this.reach = reach + (primitive.reach ?? 0);
    this.layers = layers + Number(primitive.reach !== undefined);
    const { zeros } = primitive;
    this.mayMask = zeros === 'made' || (zeros === 'kept' && inputs.every((view) => view.mayMask));
  }
}

/** What computes a storage's values; null once they are in memory. */
export function nodeOf({ node }: Storage): Node | null {
  return node instanceof Node ? node : null;
}

/**
 * The same, for what is deferred to read what the node reads in place of the node; null for one that is computed, too,
 * though nobody has asked for it, or is being computed for `data()`: what it read may be gone.
 */
export function openNodeOf(storage: Storage): Node | null {
  return storage.speculated || storage.isUnderWay ? null : nodeOf(storage);
}

/** Only the pixels that a mask lets through are other than zero. */
export function isMasked({ storage }: View): boolean {
  return nodeOf(storage)?.primitive.isMasked ?? false;
}
