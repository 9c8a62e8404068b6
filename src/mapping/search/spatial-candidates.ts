import type { Operand } from '../cost/operand.js';
import type { Accelerator } from '../hardware/accelerator.js';
import type { MappingRule } from '../mapping/mapping-file.js';
import {
  totalUnrolling,
  unrolledAlong,
  unrolledPes,
  type DimensionUnrolling,
  type SpatialMapping,
} from '../mapping/spatial.js';
import { divisors } from './factors.js';
import { Capacity, reduceToLimits, unrollingLimits } from './spatial-limits.js';

/** Which spatial mappings a search tries, where the mapping file leaves dimensions open. */
export interface SpatialOptions {
  /** The most, by how many PEs they use; 8. */
  readonly spatialMappings?: number;
  /** Whether several loops may be unrolled over one dimension; false. */
  readonly mixed?: boolean;
}

/**
 * The spatial mappings for a layer: what the rule says, and for dimensions of the array of which it says
 * nothing, those with the most busy PEs; of equally many those that spread over more loops.
 */
export function spatialCandidates(
  accelerator: Accelerator,
  operands: readonly Operand[],
  rule: MappingRule,
  { spatialMappings: count = 8, mixed = false }: SpatialOptions,
): SpatialMapping[] {
  const { loops } = operands[0].layer;
  const limits = unrollingLimits(accelerator, operands);
  const given = reduceToLimits(accelerator, operands, limits, rule.spatialMapping);
  const open = accelerator.array.dimensions.filter(
    ({ name }) => !given.some(({ dimension }) => dimension === name),
  );
  const options = open.map(({ name, size }) => {
    const hints = rule.hints[name]?.filter((dim) => loops.some((loop) => loop.dim === dim));
    const dims = hints?.length ? hints : loops.map(({ dim }) => dim);
    return dimensionOptions(name, size, dims, limits.get(name) ?? new Map(), mixed);
  });
  const capacity = new Capacity(accelerator, operands);
  return mostParallel(
    given,
    options,
    new Map(loops.map(({ dim, size }) => [dim, size])),
    capacity,
    count,
  );
}

/** What can be unrolled over one dimension, the most parallel first. */
function dimensionOptions(
  dimension: string,
  size: number,
  dims: readonly string[],
  limits: ReadonlyMap<string, number>,
  mixed: boolean,
): DimensionUnrolling[] {
  const single = dims.map((dim) =>
    divisors(limits.get(dim) ?? 1).map((factor) => ({ dim, factor })),
  );
  const options: DimensionUnrolling[] = [
    { dimension, unrollings: [] },
    ...single
      .flat()
      .filter(({ factor }) => factor > 1)
      .map((unrolling) => ({ dimension, unrollings: [unrolling] })),
  ];
  if (mixed) {
    const visit = (index: number, unrollings: DimensionUnrolling['unrollings'], pes: number) => {
      if (unrollings.length > 1) options.push({ dimension, unrollings });
      for (let next = index; next < single.length; next++) {
        for (const unrolling of single[next]) {
          if (unrolling.factor === 1 || pes * unrolling.factor > size) continue;
          visit(next + 1, [...unrollings, unrolling], pes * unrolling.factor);
        }
      }
    };
    visit(0, [], 1);
  }
  return options.sort((a, b) => unrolledAlong(b) - unrolledAlong(a));
}

/**
 * The combinations with the most busy PEs, once reduced to what memories hold. Branches that cannot reach
 * the last one kept are cut: what ranks a mapping of u PEs lies between u and 2 u - 1.
 */
function mostParallel(
  given: SpatialMapping,
  options: readonly DimensionUnrolling[][],
  sizes: ReadonlyMap<string, number>,
  capacity: Capacity,
  count: number,
): SpatialMapping[] {
  const kept: { rank: number; mapping: SpatialMapping; text: string }[] = [];
  const mostBeyond = options.map((_, depth) =>
    options.slice(depth).reduce((pes, [first]) => pes * (first ? unrolledAlong(first) : 1), 1),
  );
  const leastRank = () => (kept.length < count ? 0 : kept[count - 1].rank);
  const isHopeless = (pes: number, depth: number) =>
    2 * pes * (mostBeyond[depth + 1] ?? 1) - 1 <= leastRank();
  const visit = (depth: number, mapping: SpatialMapping) => {
    if (depth === options.length) {
      const reduced = withoutOnes(capacity.reduce(mapping));
      const rank = rankOf(reduced);
      if (rank <= leastRank()) return;
      const text = JSON.stringify(reduced);
      if (kept.some((other) => other.text === text)) return;
      const place = kept.findIndex((other) => other.rank < rank);
      kept.splice(place < 0 ? kept.length : place, 0, { rank, mapping: reduced, text });
      if (kept.length > count) kept.pop();
      return;
    }
    const pes = unrolledPes(mapping);
    for (const option of options[depth]) {
      if (isHopeless(pes * unrolledAlong(option), depth)) break;
      const next = [...mapping, option];
      if (isHopeless(capacity.mostPes(next), depth)) continue;
      if (
        option.unrollings.every(({ dim }) => totalUnrolling(next, dim) <= (sizes.get(dim) ?? 1))
      ) {
        visit(depth + 1, next);
      }
    }
  };
  visit(0, given);
  return kept.map(({ mapping }) => mapping);
}

/** Without the loops that are not unrolled. */
function withoutOnes(mapping: SpatialMapping): SpatialMapping {
  return mapping.map(({ dimension, unrollings }) => ({
    dimension,
    unrollings: unrollings.filter(({ factor }) => factor > 1),
  }));
}

/** Busy PEs, and below that how little of them are due to one loop alone, as ZigZag ranks. */
function rankOf(mapping: SpatialMapping): number {
  const pes = unrolledPes(mapping);
  const dims = mapping.flatMap(({ unrollings }) => unrollings.map(({ dim }) => dim));
  const widest = dims.reduce((most, dim) => Math.max(most, totalUnrolling(mapping, dim)), 1);
  return pes + pes / widest - 1;
}

/** Leaves out mappings that stand before. */
export function distinct(mappings: readonly SpatialMapping[]): SpatialMapping[] {
  const seen = new Map(mappings.map((mapping) => [JSON.stringify(mapping), mapping]));
  return [...seen.values()];
}
