import { util } from '@tensorflow/tfjs-core';
import type { Runtime } from '../memory/runtime.js';
import type { Producer } from '../graph/rows.js';

/** Scratch memory of a lane, for the pointers of a block of rows. */
export const SCRATCH_BYTES = 64 * 1024;

/**
 * Runs rows [from, to) of a command. There is one lane, the calling thread; the command lies in the
 * one memory, so that any lane could take any part of the range.
 */
export function runRows(
  runtime: Runtime,
  producer: Producer,
  command: number,
  from: number,
  to: number,
): void {
  const { record } = producer;
  if (!record) {
    runtime.kernels[producer.kernel](command, from, to, runtime.scratch);
    return;
  }
  const start = util.now();
  runtime.kernels[producer.kernel](command, from, to, runtime.scratch);
  record.milliseconds += util.now() - start;
}
