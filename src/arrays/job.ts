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

/**
 * The rows of every stage, cut into strips. Border j lies before strip j, the last one behind all strips; each has
 * a number of rows for every stage. Who comes from above has computed the rows before `until`, who comes from
 * below those behind `from`: rows between the two are the halo, which both need.
 */
export interface Strips {
  /** For each border and stage the rows that the strips before it need. */
  readonly until: readonly number[];
  /** For each border and stage the first row that the strips behind it need. */
  readonly from: readonly number[];
  /** The most strips that a lane takes at once. */
  readonly most: number;
}

/** Layers that run through strips of rows, in bands that are independent of one another. */
export interface Job {
  readonly stages: readonly Stage[];
  readonly strips: Strips;
  /** The first strip of each band, and one past the last strip of all. */
  readonly bands: readonly number[];
  /**
   * How many lanes may work. The first two take one band, one of them from above and the other from below, and
   * meet wherever they meet; the next two take the next band.
   */
  readonly ends: number;
  /** The virtual PE array that it belongs to. */
  readonly array: 0 | 1;
  /** Bytes that a lane needs for what passes from stage to stage. */
  readonly workspace: number;
}

/*
 * The description of a job in memory, in 32-bit words:
 *
 *     the words of `JobWord`;
 *     for each band its strips that nobody has taken yet, which lanes change;
 *     for each stage the words of `StageWord`;
 *     for each border `until` of every stage, then `from` of every stage.
 */

/** Words of a stage. */
export const StageWord = { Kernel: 0, Layer: 1, Command: 2, InWorkspace: 3, Count: 4 } as const;

/** Words at the beginning: numbers of stages and of bands, and the most strips that a lane takes at once. */
export const JobWord = { Stages: 0, Bands: 1, Most: 2, Count: 3 } as const;

/** The most strips of a job: two numbers of strips make a word. */
export const MOST_STRIPS = 0x7fff;

/** The strips [first, end) as one word. */
export function stripRange(first: number, end: number): number {
  return (first << 16) | end;
}

/** The first of a range of strips. */
export function firstOf(range: number): number {
  return range >>> 16;
}

/** One past the last of a range of strips. */
export function endOf(range: number): number {
  return range & 0xffff;
}

const kernelNumbers = new Map(ROW_KERNELS.map((name, number) => [name, number]));

/** Bytes of a job's description. */
export function jobBytes({ stages, strips, bands }: Job): number {
  const { until, from } = strips;
  const words = JobWord.Count + bands.length - 1 + StageWord.Count * stages.length;
  return 4 * (words + until.length + from.length);
}

/** Writes a job's description at word `at`. */
export function placeJob(
  { stages, strips, bands }: Job,
  recorder: { layerOf(clock: Clock | null): number },
  words: Int32Array,
  at: number,
): void {
  const { until, from, most } = strips;
  const count = stages.length;
  words[at + JobWord.Stages] = count;
  words[at + JobWord.Bands] = bands.length - 1;
  words[at + JobWord.Most] = most;
  let next = at + JobWord.Count;
  for (let band = 1; band < bands.length; band++)
    words[next++] = stripRange(bands[band - 1], bands[band]);
  for (const { kernel, clock, command, inWorkspace } of stages) {
    words[next + StageWord.Kernel] = kernelNumbers.get(kernel) ?? -1;
    words[next + StageWord.Layer] = recorder.layerOf(clock);
    words[next + StageWord.Command] = command;
    words[next + StageWord.InWorkspace] = inWorkspace;
    next += StageWord.Count;
  }
  // Thousands of words a prediction: an iterator would make an object for each.
  for (let border = 0; border < until.length; border += count) {
    for (let stage = 0; stage < count; stage++) words[next++] = until[border + stage];
    for (let stage = 0; stage < count; stage++) words[next++] = from[border + stage];
  }
}
