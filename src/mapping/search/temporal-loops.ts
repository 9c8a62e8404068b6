import type { Nest } from '../cost/nest.js';
import type { OrderedLoop, TemporalOrdering } from '../mapping/mapping-file.js';
import type { Loop } from '../workload/layer.js';
import { loopPrimeFactors } from './factors.js';

/** The loops whose orders are searched, equal ones next to each other, and which must stand where. */
export interface TemporalLoops {
  readonly loops: readonly Loop[];
  readonly ordering: TemporalOrdering;
}

/**
 * Splits the temporal loops of a nest for the search.
 *
 * @param ordering from the mapping file: its loops of given size are kept whole; what it says of loops
 * that the nest does not have is left aside
 * @param limit on the number of loops
 */
export function splitTemporalLoops(
  { temporalLoops, layer }: Nest,
  ordering: TemporalOrdering,
  limit: number,
): TemporalLoops {
  const rest = new Map(temporalLoops.map(({ dim, size }) => [dim, size]));
  const fixed: Loop[] = [];
  const isThere = ({ dim, size }: OrderedLoop) => {
    if (size === undefined) return true;
    const left = rest.get(dim) ?? 1;
    if (size === 1 || left % size !== 0) return false;
    rest.set(dim, left / size);
    fixed.push({ dim, size });
    return true;
  };
  const inner = ordering.inner.filter(isThere);
  const outer = ordering.outer.filter(isThere);
  const open = temporalLoops
    .map(({ dim }) => ({ dim, size: rest.get(dim) ?? 1 }))
    .filter(({ size }) => size > 1);
  const isIdle = open.length + fixed.length === 0;
  const split =
    open.length > 0 || isIdle
      ? loopPrimeFactors(open, limit - fixed.length, layer.loops[0].dim)
      : [];
  const place = ({ dim }: Loop) => temporalLoops.findIndex((loop) => loop.dim === dim);
  const loops = [...split, ...fixed].sort((a, b) => place(a) - place(b) || a.size - b.size);
  const isLeft = claims(split);
  return { loops, ordering: { inner: inner.filter(isLeft), outer: outer.filter(isLeft) } };
}

/** Lets each entry without a size claim one of the loops of its dimension, while there are any. */
function claims(loops: readonly Loop[]): (entry: OrderedLoop) => boolean {
  const left = loops.map(({ dim }) => dim);
  return ({ dim, size }) => {
    if (size !== undefined) return true;
    const index = left.indexOf(dim);
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  };
}
