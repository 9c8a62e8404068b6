import {
  memoriesOf,
  type Accelerator,
  type Memory,
  type MemoryOperand,
} from '../hardware/accelerator.js';
import { distinctIndices, type Layer, type Relation } from '../workload/layer.js';
import type { Unrolling } from '../mapping/spatial.js';

/** How a loop bears on an operand. */
export const enum Relevance {
  /** The loop has one iteration: it changes nothing. */
  NONE,
  /** Each iteration needs other data. */
  RELEVANT,
  /** Every iteration needs the same data. */
  IRRELEVANT,
  /** Together with another loop it walks one dimension of the operand. */
  PARTIAL,
}

/** A relation by the indices of its loops. */
interface IndexedRelation {
  readonly a: number;
  readonly b: number;
  readonly ca: number;
  readonly cb: number;
  readonly size: number;
}

/** An operand of a layer on an accelerator: which loops touch it, and the memories that hold it. */
export class Operand {
  readonly levels: readonly Memory[];
  /** By the index of the loop. */
  readonly relevance: readonly Relevance[];
  private readonly relevantLoops: readonly number[];
  private readonly relations: readonly IndexedRelation[];

  constructor(
    readonly layer: Layer,
    readonly name: string,
    readonly memoryOperand: MemoryOperand,
    dims: readonly string[],
    /** Bits of an element, of a partial sum if it is the output. */
    readonly precision: number,
    /** Bits of a finished element. */
    readonly finalPrecision: number,
    readonly isOutput: boolean,
    accelerator: Accelerator,
  ) {
    this.levels = memoriesOf(accelerator, memoryOperand);
    const related = new Set(layer.relations.flatMap((relation) => relation.dims));
    const isPartial = layer.relations.some(({ dim }) => dims.includes(dim));
    this.relevance = layer.loops.map(({ dim, size }) => {
      if (isPartial && related.has(dim)) return Relevance.PARTIAL;
      if (size === 1) return Relevance.NONE;
      return dims.includes(dim) ? Relevance.RELEVANT : Relevance.IRRELEVANT;
    });
    const indexOf = (dim: string) => layer.loops.findIndex((loop) => loop.dim === dim);
    this.relevantLoops = dims
      .map(indexOf)
      .filter((index) => index >= 0 && this.relevance[index] === Relevance.RELEVANT);
    this.relations = isPartial ? layer.relations.map((relation) => indexed(relation, indexOf)) : [];
  }

  /** Elements that `sizes[loop]` iterations of each loop touch. Fractions of iterations count. */
  footprint(sizes: Float64Array): number {
    let elements = 1;
    for (const loop of this.relevantLoops) elements *= sizes[loop];
    return elements * this.relatedFootprint(sizes);
  }

  /** Elements along the dimensions that two loops walk together. */
  relatedFootprint(sizes: Float64Array): number {
    let elements = 1;
    for (const { a, b, ca, cb, size } of this.relations) {
      const touched = distinctIndices(ca, Math.trunc(sizes[a]), cb, Math.trunc(sizes[b]));
      elements *= Math.min(size, touched);
    }
    return elements;
  }

  /** Whether any of the loops makes partial sums of this output. */
  hasReduction(loops: readonly Unrolling[]): boolean {
    return loops.some(({ loop }) => this.relevance[loop] === Relevance.IRRELEVANT);
  }
}

function indexed(relation: Relation, indexOf: (dim: string) => number): IndexedRelation {
  const [a, b] = relation.dims.map(indexOf);
  const [ca, cb] = relation.coefficients;
  return { a, b, ca, cb, size: relation.size };
}
