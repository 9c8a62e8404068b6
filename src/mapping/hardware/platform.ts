import { peCount, type Accelerator } from './accelerator.js';

/** Cores that can send data to each other. */
export interface Connection {
  /** Whether all share the bandwidth (`bus`), or any two have it for themselves, in either direction. */
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
  /** Of each core, the id by which files name it; absent for a lone accelerator, which has none. */
  readonly coreIds?: readonly number[];
  /** Index of the core that leads off the chip. */
  readonly offchip?: number;
  readonly connections: readonly Connection[];
}

/** The cores that compute, and are no mere memories. */
export function computeCores({ cores }: Platform): Accelerator[] {
  return cores.filter(({ array }) => peCount(array) > 0);
}

/**
 * Indices of the cores that compute and have one of the ids. Of all that compute where no ids are asked
 * for, and where cores have none.
 */
export function coresWithIds(
  { cores, coreIds }: Platform,
  ids: readonly number[] | null | undefined,
): number[] {
  const all = [...cores.keys()].filter((index) => peCount(cores[index].array) > 0);
  return ids && coreIds ? all.filter((index) => ids.includes(coreIds[index])) : all;
}
