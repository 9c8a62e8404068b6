import type { Operand } from './operand.js';
import { loopSize, type Layer } from '../workload/layer.js';
import { roundHalfEven } from '../rounding.js';
import type { SpatialMapping, Unrolling } from '../mapping/spatial.js';

/**
 * Spreads a loop that its unrolling does not divide evenly over its temporal iterations: 64 channels
 * on 24 PEs take three iterations of 21 1/3 channels each on average, of 21 when counted whole. As in
 * ZigZag, energy is counted with the average, and time with whole numbers.
 */
export function spread(layer: Layer, mapping: SpatialMapping, whole: boolean): SpatialMapping {
  const done: { dimension: string; unrollings: { dim: string; factor: number }[] }[] = [];
  for (const { dimension, unrollings } of mapping) {
    const spreadUnrollings = unrollings
      .filter(({ dim }) => layer.loops.some((loop) => loop.dim === dim))
      .map(({ dim, factor }) => {
        if (dimension !== widestDimension(mapping, dim)) return { dim, factor };
        const earlier = done
          .flatMap((entry) => entry.unrollings)
          .reduce((product, other) => (other.dim === dim ? product * other.factor : product), 1);
        const size = loopSize(layer, dim);
        const average = size / Math.ceil(size / (factor * earlier)) / earlier;
        return { dim, factor: whole ? Math.trunc(average) : average };
      });
    if (spreadUnrollings.length > 0) done.push({ dimension, unrollings: spreadUnrollings });
  }
  return done;
}

/** The dimension of the array over which a loop is unrolled the most: it takes the remainder. */
function widestDimension(mapping: SpatialMapping, dim: string): string | undefined {
  let widest: string | undefined;
  let most = 0;
  for (const { dimension, unrollings } of mapping) {
    for (const unrolling of unrollings) {
      if (unrolling.dim === dim && unrolling.factor > most) {
        most = unrolling.factor;
        widest = dimension;
      }
    }
  }
  return widest;
}

/**
 * What an operand's memories see of a spatial mapping. Level k lies below memory k: what memory k
 * serves is unrolled there. The last level lies above the outermost memory.
 */
export interface OperandUnrolling {
  /** The loops that are unrolled at each level; the same loop once. */
  readonly loops: readonly (readonly Unrolling[])[];
  /** PEs, or instances of memory k - 1, at each level. */
  readonly units: readonly number[];
  /** Different data that memory k exchanges with the units below, in units of what one of them gets. */
  readonly boost: readonly number[];
}

/** Distributes a spatial mapping over the levels of an operand. */
export function unrollOperand(operand: Operand, mapping: SpatialMapping): OperandUnrolling {
  const loops = loopsByLevel(operand, mapping);
  const uniqueAt = uniqueByLevel(operand, loops);
  const totalAt = loops.map((level) => level.reduce((product, { factor }) => product * factor, 1));
  const unique = loops.map((_, level) => product(uniqueAt.slice(level)));
  return {
    loops,
    units: loops.map((_, level) => {
      const thousandths = roundHalfEven(product(totalAt.slice(level)) * 1000);
      return roundHalfEven(thousandths / 1000);
    }),
    boost: operand.levels.map((_, level) => roundHalfEven(unique[level] / unique[level + 1])),
  };
}

function loopsByLevel({ layer, levels }: Operand, mapping: SpatialMapping): Unrolling[][] {
  let rest = mapping;
  const byLevel = levels.map(({ servedDimensions }) => {
    const served = rest.filter(({ dimension }) => servedDimensions.includes(dimension));
    rest = rest.filter((entry) => !served.includes(entry));
    return merged(layer, served);
  });
  return [...byLevel, merged(layer, rest)];
}

/** The loops of some dimensions of the array, each loop once. */
function merged(layer: Layer, mapping: SpatialMapping): Unrolling[] {
  const factors = new Map<string, number>();
  for (const { unrollings } of mapping) {
    for (const { dim, factor } of unrollings) factors.set(dim, (factors.get(dim) ?? 1) * factor);
  }
  return [...factors].map(([dim, factor]) => ({
    loop: layer.loops.findIndex((loop) => loop.dim === dim),
    factor,
  }));
}

/** How much more different data a level holds than the level below. */
function uniqueByLevel(operand: Operand, loops: readonly (readonly Unrolling[])[]): number[] {
  const sizes = new Float64Array(operand.layer.loops.length).fill(1);
  let below = 1;
  return loops.map((level) => {
    for (const { loop, factor } of level) sizes[loop] *= factor;
    const elements = operand.footprint(sizes);
    const unique = elements / below;
    below = elements;
    return unique;
  });
}

function product(factors: readonly number[]): number {
  return factors.reduce((result, factor) => result * factor, 1);
}
