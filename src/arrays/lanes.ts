import { util } from '@tensorflow/tfjs-core';
import type { Runtime } from '../memory/runtime.js';
import type { RowKernelName } from './kernels.js';

/** Where the time of a layer is collected. */
interface Clock {
  milliseconds: number;
}

/**
 * Runs rows [from, to) of a command. There is one lane, the calling thread; the command lies in the
 * one memory, so that any lane could take any part of the range.
 */
export function runRows(
  { kernels, scratch }: Runtime,
  kernel: RowKernelName,
  command: number,
  from: number,
  to: number,
  clock: Clock | null,
): void {
  if (!clock) {
    kernels[kernel](command, from, to, scratch);
    return;
  }
  const start = util.now();
  kernels[kernel](command, from, to, scratch);
  clock.milliseconds += util.now() - start;
}
