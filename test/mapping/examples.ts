import type {
  Accelerator,
  Direction,
  Layer,
  Memory,
  MemoryOperand,
  Port,
} from '../../src/mapping/index.js';

/** A matrix product: O[d][k] += I[d][c] * W[c][k], 8 bits, with partial sums of 16. */
export function matrixProduct(d: number, k: number, c: number): Layer {
  return {
    name: 'product',
    type: 'Gemm',
    loops: [
      { dim: 'D', size: d },
      { dim: 'K', size: k },
      { dim: 'C', size: c },
    ],
    relations: [],
    output: { name: 'O', dims: ['D', 'K'], precision: 16, finalPrecision: 8 },
    inputs: [
      { name: 'I', dims: ['D', 'C'], precision: 8, sources: [], constant: false },
      { name: 'W', dims: ['C', 'K'], precision: 8, sources: [], constant: true },
    ],
  };
}

/** A convolution with a square kernel and a stride, without padding. */
export function convolution(
  k: number,
  c: number,
  pixels: number,
  kernel: number,
  stride: number,
): Layer {
  const size = (pixels - 1) * stride + kernel;
  const relation = (dim: string, dims: [string, string]) =>
    ({ dim, dims, coefficients: [stride, 1], padding: [0, 0], size }) as const;
  return {
    name: 'convolution',
    type: 'Conv',
    loops: [
      { dim: 'K', size: k },
      { dim: 'C', size: c },
      { dim: 'OX', size: pixels },
      { dim: 'OY', size: pixels },
      { dim: 'FX', size: kernel },
      { dim: 'FY', size: kernel },
    ],
    relations: [relation('IX', ['OX', 'FX']), relation('IY', ['OY', 'FY'])],
    output: { name: 'O', dims: ['K', 'OY', 'OX'], precision: 16, finalPrecision: 8 },
    inputs: [
      { name: 'W', dims: ['K', 'C', 'FY', 'FX'], precision: 8, sources: [], constant: true },
      { name: 'I', dims: ['C', 'IY', 'IX'], precision: 8, sources: [], constant: false },
    ],
  };
}

/** A port, written as in hardware files: `port('read', 8, 'I1 tl', 'O th')`. */
export function port(type: Port['type'], bandwidth: number, ...allocation: string[]): Port {
  return {
    name: type,
    type,
    bandwidthMin: bandwidth,
    bandwidthMax: bandwidth,
    allocation: allocation.map((text) => {
      const [operand, direction] = text.split(' ') as [MemoryOperand, Direction];
      return { operand, direction };
    }),
  };
}

/** A memory that serves all dimensions named; reads cost 2, writes 3. */
export function memory(
  name: string,
  size: number,
  operands: MemoryOperand[],
  servedDimensions: string[],
  ...ports: Port[]
): Memory {
  return {
    name,
    size,
    readCost: 2,
    writeCost: 3,
    area: 0,
    latency: 1,
    operands,
    ports,
    servedDimensions,
    forceDoubleBuffering: false,
  };
}

/** An accelerator whose multiply-accumulates cost 1. */
export function accelerator(
  dimensions: Record<string, number>,
  memories: Memory[],
  systolicDimensions: string[] = [],
): Accelerator {
  return {
    name: 'example',
    array: {
      dimensions: Object.entries(dimensions).map(([name, size]) => ({ name, size })),
      unitEnergy: 1,
      unitArea: 1,
      systolicDimensions,
    },
    memories,
  };
}
