import type { DataType } from '@tensorflow/tfjs-core';
import type { RowKernelName } from '../memory/kernels.js';
import type { Token } from '../arrays/lanes.js';
import type { Runtime } from '../arrays/runtime.js';
import type { PixelSet } from './pixels.js';
import type { Producer, Rows } from './rows.js';
import type { View } from './view.js';

/** What an operation sees of the evaluation that it is part of. */
export interface Evaluation {
  readonly runtime: Runtime;

  /** All pixels of a view. */
  all(view: View): PixelSet;

  /** Rows to be computed by a kernel, sooner or later. */
  produce(set: PixelSet, channels: number, producer: Producer): Rows;

  /** Rows with none in them: all that is asked for is zero. */
  none(want: PixelSet, view: { channels: number; dtype: DataType }): Rows;

  /** `rows` with a row, zero if need be, for exactly the pixels of `set`; takes over `rows`. */
  align(rows: Rows, set: PixelSet): Rows;

  /**
   * Gives rows that are pending to the lanes: they have an address afterwards, for other kernels to
   * read. JavaScript may read their values once they are settled (`settled` in node.ts).
   */
  compute(rows: Rows): Rows;

  /**
   * Gives a kernel to the lanes, for the first `rows` rows of each of the commands at these addresses,
   * which do not depend on one another.
   * @param after the moments that it waits for
   * @param cost about how long a lane takes for it, in nanoseconds: what takes long is shared
   * @returns the moment when all of it is done
   */
  run(
    kernel: RowKernelName,
    commands: readonly number[],
    rows: number,
    after: readonly Token[],
    cost?: number,
  ): Token;
}
