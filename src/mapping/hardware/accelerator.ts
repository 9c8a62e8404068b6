/** An accelerator with one PE array, in the terms of ZigZag's hardware files. */
import type { MicrokernelCore } from './microkernel.js';

/** The operands that memories hold: two inputs and the output. */
export const MEMORY_OPERANDS = ['I1', 'I2', 'O'] as const;
export type MemoryOperand = (typeof MEMORY_OPERANDS)[number];

/** An axis of the PE array, over which loops can be unrolled. */
export interface ArrayDimension {
  /** As `D1`. */
  readonly name: string;
  /** PEs along it. */
  readonly size: number;
}

/** The PE array. */
export interface OperationalArray {
  readonly dimensions: readonly ArrayDimension[];
  /** Energy of a multiply-accumulate, in the file's unit. */
  readonly unitEnergy: number;
  readonly unitArea: number;
  /** Dimensions along which operands go from PE to PE, one a cycle. */
  readonly systolicDimensions: readonly string[];
}

/** From which side of a memory data comes, or to which it goes: low is nearer to the PEs. */
export const DIRECTIONS = ['tl', 'fl', 'th', 'fh'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** What a port does for an operand. */
export interface Allocation {
  readonly operand: MemoryOperand;
  /** To low (`tl`), from low (`fl`), to high (`th`), from high (`fh`). */
  readonly direction: Direction;
}

/** A port of a memory. */
export interface Port {
  readonly name: string;
  readonly type: 'read' | 'write' | 'read_write';
  /** Bits of the smallest access. */
  readonly bandwidthMin: number;
  /** Bits a cycle. */
  readonly bandwidthMax: number;
  readonly allocation: readonly Allocation[];
}

/** A memory, and how it is connected. */
export interface Memory {
  readonly name: string;
  /** Bits. */
  readonly size: number;
  /** Energy of a read or write of `bandwidthMax` bits, in the file's unit. */
  readonly readCost: number;
  readonly writeCost: number;
  readonly area: number;
  /** Cycles. */
  readonly latency: number;
  readonly operands: readonly MemoryOperand[];
  readonly ports: readonly Port[];
  /** Array dimensions along which one instance serves all PEs; along the others it is replicated. */
  readonly servedDimensions: readonly string[];
  /** Whether half of it is always kept free for the next data. */
  readonly forceDoubleBuffering: boolean;
}

/** A PE array with its memories. */
export interface Accelerator {
  readonly name: string;
  readonly array: OperationalArray;
  /** In the file's order: of any operand, the memory nearest to the PEs comes first. */
  readonly memories: readonly Memory[];
  /** The operators that it runs; all where nothing is said. */
  readonly operatorTypes?: readonly string[];
  /** Of a processor's core: what its routines' tiles are, and what a cycle holds. */
  readonly microkernelCore?: MicrokernelCore;
}

/** PEs of an array; none in a core that is only a memory. */
export function peCount({ dimensions }: OperationalArray): number {
  return dimensions.reduce((product, { size }) => product * size, 1);
}

/** The memories that hold an operand, the nearest to the PEs first. */
export function memoriesOf(accelerator: Accelerator, operand: MemoryOperand): Memory[] {
  return accelerator.memories.filter(({ operands }) => operands.includes(operand));
}
