import type { Nest } from '../cost/nest.js';
import type { OrderedLoop, TemporalOrdering } from '../mapping/mapping_file.js';
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
  { inner, outer }: TemporalOrdering,
  limit: number,
): TemporalLoops {
  const rest = new Map(temporalLoops.map(({ dim, size }) => [dim, size]));
  const fixed: Loop[] = [];
  const keep = (entries: readonly OrderedLoop[]) =>
    entries.filter(({ dim, size }) => {
      const left = rest.get(dim);
      if (left === undefined || left === 1) return false;
      if (size === undefined) return true;
      if (size === 1 || left % size !== 0) return false;
      rest.set(dim, left / size);
      fixed.push({ dim, size });
      return true;
    });
  const ordering = { inner: keep(inner), outer: keep(outer) };
  const open = temporalLoops
    .map(({ dim }) => ({ dim, size: rest.get(dim) ?? 1 }))
    .filter(({ size }) => size > 1);
  if (open.length + fixed.length === 0) {
    return { loops: loopPrimeFactors([], limit, layer.loops[0].dim), ordering };
  }
  const split = open.length === 0 ? [] : loopPrimeFactors(open, limit - fixed.length, '');
  const loops = [...split, ...fixed].sort(
    (a, b) =>
      temporalLoops.findIndex(({ dim }) => dim === a.dim) -
        temporalLoops.findIndex(({ dim }) => dim === b.dim) || a.size - b.size,
  );
  return { loops, ordering };
}
