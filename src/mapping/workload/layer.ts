/**
 * A layer as a nest of loops around one multiply-accumulate, as ZigZag describes it:
 * `O[b][k][oy][ox] += W[k][c][fy][fx] * I[b][c][iy][ix]` with `ix = 2 * ox + fx`.
 */

/** A loop of the nest: a dimension (upper case, as `K`) and how many iterations it has. */
export interface Loop {
  readonly dim: string;
  readonly size: number;
}

/**
 * A dimension of an operand that two loops walk together, as the input's columns are walked by
 * output columns and kernel columns: `dim = coefficients[0] * dims[0] + coefficients[1] * dims[1]`.
 */
export interface Relation {
  /** The operand's dimension, as `IX`; no loop has that name. */
  readonly dim: string;
  readonly dims: readonly [string, string];
  readonly coefficients: readonly [number, number];
  /** Elements before the first and after the last that are padding, and lie in no memory. */
  readonly padding: readonly [number, number];
  /** Elements that the operand has along `dim`, without padding. */
  readonly size: number;
}

/** What a layer reads. */
export interface InputOperand {
  /** As in the equation: `I`, `W`. */
  readonly name: string;
  /** Loop dimensions, or dimensions that a relation defines, in the equation's order. */
  readonly dims: readonly string[];
  /** Bits of an element. */
  readonly precision: number;
  /**
   * Indices into the workload's layers: those whose outputs this operand is made of, directly or
   * through operations that are no layers here. Empty for weights and for inputs of the network.
   */
  readonly sources: readonly number[];
  /** Whether it is known before the network runs, as weights are. */
  readonly constant: boolean;
}

/** What a layer writes. */
export interface OutputOperand {
  readonly name: string;
  readonly dims: readonly string[];
  /** Bits of a partial sum. */
  readonly precision: number;
  /** Bits of a finished element. */
  readonly finalPrecision: number;
}

/** A layer of a workload. Operands that no mapping links to a memory (masks) are not in it. */
export interface Layer {
  readonly name: string;
  /** The operator, by which a mapping may choose: `Conv`, `Gemm`, `Add`, `Pooling`. */
  readonly type: string;
  /** Every loop of the nest, loops of one iteration too, in the workload's order. */
  readonly loops: readonly Loop[];
  readonly relations: readonly Relation[];
  readonly output: OutputOperand;
  /** In the equation's order; one or two. */
  readonly inputs: readonly InputOperand[];
  /** The name of its weights, where a model has one. */
  readonly filter?: string;
}

/** A network: its layers, in an order in which they can run. */
export interface Workload {
  readonly name: string;
  readonly layers: readonly Layer[];
}

/** How many iterations a loop dimension has: 1 for one that the layer lacks. */
export function loopSize(layer: Layer, dim: string): number {
  return layer.loops.find((loop) => loop.dim === dim)?.size ?? 1;
}

/** Multiply-accumulates of a layer when every pixel is computed. */
export function macs(layer: Layer): number {
  return layer.loops.reduce((product, { size }) => product * size, 1);
}

/**
 * Different values of `ca * i + cb * j` for i in [0, a) and j in [0, b): elements that a window of a
 * by b iterations touches along a relation's dimension.
 */
export function distinctIndices(ca: number, a: number, cb: number, b: number): number {
  const divisor = greatestCommonDivisor(ca, cb);
  return a * b - Math.max(0, b - ca / divisor) * (a - cb / divisor);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
