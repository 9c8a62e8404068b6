import type { RowKernelName } from '../memory/kernels.js';
import { ROW_KERNELS } from '../memory/kernels.js';

/** Where the time of a layer is collected. */
export interface Clock {
  milliseconds: number;
}

/** A layer in a job: its kernel, and the layer of a profile that its time belongs to. */
export interface Stage {
  readonly kernel: RowKernelName;
  readonly clock: Clock | null;
}

/** A part of a job that one lane runs from beginning to end: a range of rows of every stage. */
export interface Band {
  /** Address of the command of each stage. */
  readonly commands: readonly number[];
  /** The first row of each stage. */
  readonly starts: readonly number[];
  /** One past the last row of each stage, strip after strip. */
  readonly ends: readonly number[];
}

/** Layers that run through strips of rows, cut into bands that are independent of one another. */
export interface Job {
  readonly stages: readonly Stage[];
  readonly bands: readonly Band[];
  /** The virtual PE array that it belongs to. */
  readonly array: 0 | 1;
}

/*
 * The description of a job in memory, in 32-bit words:
 *
 *     stages, then for each stage the kernel's number and the layer's;
 *     for each band the word (from the beginning) where it lies;
 *     bands: strips, a command for each stage, a first row for each stage, then, strip after strip,
 *     one past the last row for each stage.
 */

const kernelNumbers = new Map(ROW_KERNELS.map((name, number) => [name, number]));

/** Bytes of a job's description. */
export function jobBytes({ stages, bands }: Job): number {
  let words = 1 + 2 * stages.length + bands.length;
  for (const { ends } of bands) words += 1 + 2 * stages.length + ends.length;
  return words * 4;
}

/** Writes a job's description at word `at`. */
export function placeJob(
  { stages, bands }: Job,
  layerOf: (clock: Clock | null) => number,
  words: Int32Array,
  at: number,
): void {
  let next = at;
  words[next++] = stages.length;
  for (const { kernel, clock } of stages) {
    words[next++] = kernelNumbers.get(kernel) ?? -1;
    words[next++] = layerOf(clock);
  }
  let band = next;
  next += bands.length;
  for (const { commands, starts, ends } of bands) {
    words[band++] = next - at;
    words[next++] = ends.length / stages.length;
    for (const command of commands) words[next++] = command;
    for (const start of starts) words[next++] = start;
    for (const end of ends) words[next++] = end;
  }
}
