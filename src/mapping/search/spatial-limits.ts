import { Relevance, type Operand } from '../cost/operand.js';
import type { Accelerator, Memory } from '../hardware/accelerator.js';
import { portOf } from '../cost/links.js';
import type { SpatialMapping } from '../mapping/spatial.js';
import { totalUnrolling, unrolledAlong, unrolledPes } from '../mapping/spatial.js';

/** By dimension of the array and loop: how far the loop can be unrolled there. */
export type UnrollingLimits = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** An operand in a memory that has none below it. */
interface Innermost {
  readonly memory: Memory;
  readonly operand: Operand;
}

/** The memories next to the PEs, by operand. */
function innermost({ memories }: Accelerator, operands: readonly Operand[]): Innermost[] {
  const next = memories.filter((memory, index) =>
    memory.operands.every((name) =>
      memories.slice(0, index).every((below) => !below.operands.includes(name)),
    ),
  );
  return next.flatMap((memory) =>
    memory.operands.flatMap((name) => {
      const operand = operands.find(({ memoryOperand }) => memoryOperand === name);
      return operand === undefined ? [] : [{ memory, operand }];
    }),
  );
}

/** Whether different iterations of a loop need different data of an operand. */
function isNeeded({ layer, relevance }: Operand, dim: string): boolean {
  const index = layer.loops.findIndex((loop) => loop.dim === dim);
  return index >= 0 && relevance[index] !== Relevance.IRRELEVANT;
}

/**
 * How far each loop can be unrolled over each dimension of the array: not beyond the loop, the array,
 * or what a memory next to the PEs reads or writes in a cycle.
 */
export function unrollingLimits(
  accelerator: Accelerator,
  operands: readonly Operand[],
): UnrollingLimits {
  const { loops } = operands[0].layer;
  const limits = new Map(
    accelerator.array.dimensions.map(({ name, size }) => [
      name,
      new Map(loops.map((loop) => [loop.dim, Math.min(loop.size, size)])),
    ]),
  );
  for (const { memory, operand } of innermost(accelerator, operands)) {
    const port = portOf(memory, operand.memoryOperand, operand.isOutput ? 'fl' : 'tl');
    if (port === undefined || operand.precision === 0) continue;
    const elements = Math.max(1, Math.floor(port.bandwidthMax / operand.precision));
    for (const dimension of memory.servedDimensions) {
      const limit = limits.get(dimension);
      for (const { dim } of loops) {
        if (!limit || !isNeeded(operand, dim)) continue;
        limit.set(dim, Math.min(limit.get(dim) ?? 1, elements));
      }
    }
  }
  return limits;
}

/** Reduces an unrolling that was asked for to what the layer and the array allow. */
export function reduceToLimits(
  accelerator: Accelerator,
  operands: readonly Operand[],
  limits: UnrollingLimits,
  wanted: SpatialMapping,
): SpatialMapping {
  const { loops } = operands[0].layer;
  const reduced = wanted
    .filter(({ dimension }) => limits.has(dimension))
    .map(({ dimension, unrollings }) => ({
      dimension,
      unrollings: unrollings.flatMap(({ dim, factor }) => {
        const limit = limits.get(dimension)?.get(dim);
        return limit === undefined ? [] : [{ dim, factor: Math.min(factor, limit) }];
      }),
    }));
  for (const entry of reduced) {
    const size = accelerator.array.dimensions.find(({ name }) => name === entry.dimension)?.size;
    while (unrolledAlong(entry) > (size ?? 1)) entry.unrollings.shift();
  }
  for (const { dim, size } of loops) {
    while (totalUnrolling(reduced, dim) > size) {
      const last = reduced.findLast(({ unrollings }) => unrollings.some((u) => u.dim === dim));
      if (last === undefined) break;
      last.unrollings = last.unrollings.filter((unrolling) => unrolling.dim !== dim);
    }
  }
  return reduced;
}

/** What a memory next to the PEs can hold of an operand at a time. */
interface Room {
  /** Elements. */
  readonly most: number;
  /** Whether a loop that is unrolled over a dimension of the array needs elements of it. */
  readonly isLimited: (dimension: string, dim: string) => boolean;
}

/** What the memories next to the PEs can hold: an element for each PE that they serve. */
export class Capacity {
  private readonly rooms: readonly Room[];

  constructor(accelerator: Accelerator, operands: readonly Operand[]) {
    this.rooms = innermost(accelerator, operands)
      .filter(({ operand }) => operand.precision > 0)
      .map(({ memory: { servedDimensions, size }, operand }) => ({
        most: size / operand.precision,
        isLimited: (dimension, dim) =>
          servedDimensions.includes(dimension) && isNeeded(operand, dim),
      }));
  }

  /** At least as many PEs as `reduce` leaves busy. */
  mostPes(mapping: SpatialMapping): number {
    const pes = unrolledPes(mapping);
    return this.rooms.reduce((fewest, { most, isLimited }) => {
      const needed = limitedFactors(mapping, isLimited).reduce(product, 1);
      return needed > most ? Math.min(fewest, (pes / needed) * Math.max(1, most)) : fewest;
    }, pes);
  }

  /** Reduces unrollings until all fits: the largest factor first, one by one. */
  reduce(mapping: SpatialMapping): SpatialMapping {
    let result = mapping;
    for (const { most, isLimited } of this.rooms) {
      const factors = limitedFactors(result, isLimited);
      if (factors.reduce(product, 1) <= most) continue;
      while (factors.reduce(product, 1) > most && factors.some((factor) => factor > 1)) {
        factors[factors.indexOf(Math.max(...factors))]--;
      }
      result = result.map(({ dimension, unrollings }) => ({
        dimension,
        unrollings: unrollings.map(({ dim, factor }) => ({
          dim,
          factor: isLimited(dimension, dim) ? (factors.shift() ?? factor) : factor,
        })),
      }));
    }
    return result;
  }
}

function limitedFactors(mapping: SpatialMapping, isLimited: Room['isLimited']): number[] {
  return mapping.flatMap(({ dimension, unrollings }) =>
    unrollings.filter(({ dim }) => isLimited(dimension, dim)).map(({ factor }) => factor),
  );
}

function product(a: number, b: number): number {
  return a * b;
}
