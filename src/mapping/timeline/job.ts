/** A layer as the timeline sees it: rows that a core computes one after the other. */
export interface Job {
  readonly name: string;
  readonly type: string;
  /** Index of the core that runs it. */
  readonly core: number;
  /** Cycles to begin with it, or to go on with it after another: its data must come to the PEs. */
  readonly startCycles: number;
  /** Cycles of each row of its output. */
  readonly rowCycles: readonly number[];
  /** Bits of each row of its output, as they are kept for its readers. */
  readonly rowBits: readonly number[];
  readonly needs: readonly Need[];
  /** Jobs of one block, which depth-first execution runs row by row; undefined outside of blocks. */
  readonly block?: number;
}

/** What a job needs of another before each of its rows. */
export interface Need {
  /** Index of the other job. */
  readonly job: number;
  /** For each row, how many rows of the other job must be there. */
  readonly rows: readonly number[];
  /** For each row, the first row of the other job that is still needed at it or after it. */
  readonly keeps: readonly number[];
}
