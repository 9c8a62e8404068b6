import { memoriesOf, type Accelerator, type Memory } from '../hardware/accelerator.js';
import type { Mask } from './mask.js';

/** What dynamic execution costs beyond the layers themselves. */
export interface Overhead {
  /** Cycles. */
  readonly latency: number;
  /** In the hardware file's unit. */
  readonly energy: number;
}

export const NO_OVERHEAD: Overhead = { latency: 0, energy: 0 };

/**
 * Forming a mask after its decision layer: the mask is written, a bit a pixel, and read once for each
 * list of positions that is made of it; the lists are written.
 *
 * @param lists pixels of each: the active ones, and those that windows read around them
 */
export function formingOverhead(accelerator: Accelerator, lists: readonly Mask[]): Overhead {
  const memory = memoryOf(accelerator);
  const [first] = lists;
  if (!first) return NO_OVERHEAD;
  const writeMask = access(memory, 'write', first.rows * first.columns);
  return lists
    .flatMap((list) => [
      access(memory, 'read', list.rows * list.columns),
      access(memory, 'write', listBits(list)),
    ])
    .reduce(sum, writeMask);
}

/** Reading a list of positions, once for a layer that works through it. */
export function readingOverhead(accelerator: Accelerator, list: Mask): Overhead {
  return access(memoryOf(accelerator), 'read', listBits(list));
}

/** The memory next to the one at the PEs: lists are kept beside the features. */
function memoryOf(accelerator: Accelerator): Memory {
  const levels = memoriesOf(accelerator, 'O');
  return levels[Math.min(1, levels.length - 1)];
}

function listBits({ active, rows, columns }: Mask): number {
  return active * Math.ceil(Math.log2(Math.max(2, rows * columns)));
}

/** Words of a port's full width, one a cycle. */
function access(memory: Memory, kind: 'read' | 'write', bits: number): Overhead {
  const port = memory.ports.find(({ type }) => type === kind || type === 'read_write');
  const words = Math.ceil(bits / (port?.bandwidthMax ?? 1));
  return { latency: words, energy: words * (kind === 'read' ? memory.readCost : memory.writeCost) };
}

/** Costs of things that are done one after the other. */
export function sum(a: Overhead, b: Overhead): Overhead {
  return { latency: a.latency + b.latency, energy: a.energy + b.energy };
}
