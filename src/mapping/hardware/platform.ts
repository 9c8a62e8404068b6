import { peCount, type Accelerator } from './accelerator.js';

/** Cores that can send data to each other. */
export interface Connection {
  /** Whether all share the bandwidth (`bus`), or two have it for themselves. */
  readonly type: 'link' | 'bus';
  /** Indices into the platform's cores. */
  readonly cores: readonly number[];
  /** Bits a cycle. */
  readonly bandwidth: number;
  /** Energy of a bit. */
  readonly unitEnergy: number;
}

/** A chip: one core, or several in the terms of Stream's hardware files. */
export interface Platform {
  readonly name: string;
  readonly cores: readonly Accelerator[];
  /** Index of the core that leads off the chip. */
  readonly offchip?: number;
  readonly connections: readonly Connection[];
}

/** The cores that compute, and are no mere memories. */
export function computeCores({ cores }: Platform): Accelerator[] {
  return cores.filter(({ array }) => peCount(array) > 0);
}
