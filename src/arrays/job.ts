import { ROW_KERNELS } from '../memory/kernels.js';
import type { RowKernelName } from '../memory/kernels.js';

/** Where the time of a layer is collected. */
export interface Clock {
  milliseconds: number;
}

/** Which operands of a stage lie in the workspace of the lane that runs it. */
export const InWorkspace = { Input: 1, SecondInput: 2, Output: 4 } as const;

/** A layer in a job. */
export interface Stage {
  readonly kernel: RowKernelName;
  /** Address of its command; the addresses of operands in the workspace count from its beginning. */
  readonly command: number;
  /** Flags of `InWorkspace`. */
  readonly inWorkspace: number;
  /** The layer of a profile that its time belongs to. */
  readonly clock: Clock | null;
}

/** A part of a job that one lane runs from beginning to end: a range of rows of every stage. */
export interface Band {
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
  /** Bytes that a lane needs for what passes from stage to stage. */
  readonly workspace: number;
}

/*
 * The description of a job in memory, in 32-bit words:
 *
 *     how many stages, then for each the words of `StageWord`;
 *     for each band the word (from the beginning) where it lies;
 *     bands: strips, a first row for each stage, then, strip after strip, one past the last row for
 *     each stage.
 */

/** Words of a stage. */
export const StageWord = { Kernel: 0, Layer: 1, Command: 2, InWorkspace: 3, Count: 4 } as const;

const kernelNumbers = new Map(ROW_KERNELS.map((name, number) => [name, number]));

/** Bytes of a job's description. */
export function jobBytes({ stages, bands }: Job): number {
  let words = 1 + StageWord.Count * stages.length + bands.length;
  for (const { ends } of bands) words += 1 + stages.length + ends.length;
  return words * 4;
}

/** Writes a job's description at word `at`. */
export function placeJob(
  { stages, bands }: Job,
  recorder: { layerOf(clock: Clock | null): number },
  words: Int32Array,
  at: number,
): void {
  let next = at;
  words[next++] = stages.length;
  for (const { kernel, clock, command, inWorkspace } of stages) {
    words[next + StageWord.Kernel] = kernelNumbers.get(kernel) ?? -1;
    words[next + StageWord.Layer] = recorder.layerOf(clock);
    words[next + StageWord.Command] = command;
    words[next + StageWord.InWorkspace] = inWorkspace;
    next += StageWord.Count;
  }
  let band = next;
  next += bands.length;
  for (const { starts, ends } of bands) {
    words[band++] = next - at;
    words[next++] = ends.length / stages.length;
    // Thousands of words a prediction: an iterator would make an object for each.
    for (let stage = 0; stage < starts.length; stage++) words[next++] = starts[stage];
    for (let end = 0; end < ends.length; end++) words[next++] = ends[end];
  }
}
