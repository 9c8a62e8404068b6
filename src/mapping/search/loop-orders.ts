import type { LoopOrder } from '../mapping/loop-order.js';
import type { OrderedLoop, TemporalOrdering } from '../mapping/mapping-file.js';
import type { Loop } from '../workload/layer.js';

/** Loops that must be left for the question whether their orders are promising to pay. */
const WORTH_ASKING = 3;

/** What a walk through the loop orders meets. */
export interface OrderVisitor {
  /** An order of all loops. */
  visit(): void;
  /** The innermost loops of orders: whether those that begin so are worth a visit. */
  isPromising?(): boolean;
}

/**
 * Visits every different order of some loops, from the innermost loop outwards. Loops of the same
 * dimension and size are not told apart.
 *
 * @param order is filled with the loops of the order that is visited
 * @param loops sorted, so that equal ones are neighbours
 * @param indexOf the index in the layer of a loop's dimension
 */
export function visitOrders(
  order: LoopOrder,
  loops: readonly Loop[],
  indexOf: (dim: string) => number,
  { inner, outer }: TemporalOrdering,
  visitor: OrderVisitor,
): void {
  const indices = loops.map(({ dim }) => indexOf(dim));
  const isTwin = loops.map(
    (loop, i) => i > 0 && loops[i - 1].dim === loop.dim && loops[i - 1].size === loop.size,
  );
  const used = loops.map(() => false);
  const visit = () => {
    if (order.length === loops.length) {
      visitor.visit();
      return;
    }
    const left = loops.length - order.length;
    if (order.length > 0 && left >= WORTH_ASKING && visitor.isPromising?.() === false) return;
    const asked = [inner[order.length], outer[left - 1]];
    for (let i = 0; i < loops.length; i++) {
      if (used[i] || (isTwin[i] && !used[i - 1]) || !asked.every((a) => isAsked(loops[i], a))) {
        continue;
      }
      used[i] = true;
      order.push(indices[i], loops[i].size);
      visit();
      order.pop();
      used[i] = false;
    }
  };
  order.length = 0;
  visit();
}

function isAsked(loop: Loop, asked: OrderedLoop | undefined): boolean {
  if (asked === undefined) return true;
  return loop.dim === asked.dim && (asked.size === undefined || loop.size === asked.size);
}
