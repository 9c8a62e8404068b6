import type { MemoryOperand } from '../hardware/accelerator.js';

/** A loop, by its index in the layer, and how many of its iterations run side by side. */
export interface Unrolling {
  readonly loop: number;
  readonly factor: number;
}

/** What is unrolled over one dimension of the PE array: several loops if it is mixed. */
export interface DimensionUnrolling {
  /** Of the array: `D1`. */
  readonly dimension: string;
  readonly unrollings: readonly { readonly dim: string; readonly factor: number }[];
}

/** A spatial mapping: what is unrolled over each dimension of the PE array. */
export type SpatialMapping = readonly DimensionUnrolling[];

/** Which of the memories' operands each operand of a layer is: `{ O: 'O', W: 'I2', I: 'I1' }`. */
export type OperandLinks = Readonly<Record<string, MemoryOperand>>;

/** As it is in mapping files: `D1: K 32; D2: C 8, FX 3`. */
export function describeSpatialMapping(mapping: SpatialMapping): string {
  return mapping
    .map(
      ({ dimension, unrollings }) =>
        `${dimension}: ${unrollings.map(({ dim, factor }) => `${dim} ${String(factor)}`).join(', ') || '-'}`,
    )
    .join('; ');
}

/** PEs that a spatial mapping keeps busy. */
export function unrolledPes(mapping: SpatialMapping): number {
  return mapping.reduce((product, dimension) => product * unrolledAlong(dimension), 1);
}

/** PEs along one dimension of the array that are busy. */
export function unrolledAlong({ unrollings }: DimensionUnrolling): number {
  return unrollings.reduce((product, { factor }) => product * factor, 1);
}

/** How often a loop is unrolled over all dimensions of the array. */
export function totalUnrolling(mapping: SpatialMapping, dim: string): number {
  return mapping
    .flatMap(({ unrollings }) => unrollings)
    .reduce(
      (product, unrolling) => (unrolling.dim === dim ? product * unrolling.factor : product),
      1,
    );
}
