import type { Job } from './job.js';

/** A reader of a job, and which of the job's rows it keeps at each of its own. */
interface Reader {
  readonly job: number;
  readonly keeps: readonly number[];
}

/** Keeps account of the features that are computed and still needed. */
export class LiveMemory {
  /** Most bits at a time. */
  peak = 0;
  /** Most bits at a time of features that only their own block reads. */
  peakInBlocks = 0;

  private live = 0;
  private liveInBlocks = 0;
  private readonly staysInBlock: boolean[];
  private readonly readers: Reader[][];
  private readonly done: number[];
  /** Rows of each job that are not needed any more. */
  private readonly freed: number[];

  constructor(private readonly jobs: readonly Job[]) {
    this.done = jobs.map(() => 0);
    this.freed = jobs.map(() => 0);
    this.readers = jobs.map(() => []);
    jobs.forEach(({ needs }, job) => {
      for (const need of needs) this.readers[need.job].push({ job, keeps: need.keeps });
    });
    this.staysInBlock = jobs.map(
      ({ block }, job) =>
        block !== undefined &&
        this.readers[job].every((reader) => jobs[reader.job].block === block),
    );
  }

  /** A row is done: it is kept for its readers, and what was only needed for it is not. */
  finish(job: number, row: number): void {
    this.done[job] = row + 1;
    if (this.readers[job].length > 0) {
      this.keep(job, this.jobs[job].rowBits[row]);
    }
    for (const { job: source } of this.jobs[job].needs) this.free(source);
  }

  private free(job: number): void {
    const needed = Math.min(
      ...this.readers[job].map((reader) => reader.keeps[this.done[reader.job]] ?? Infinity),
    );
    const last = Math.min(needed, this.done[job]);
    while (this.freed[job] < last) this.keep(job, -this.jobs[job].rowBits[this.freed[job]++]);
  }

  private keep(job: number, bits: number): void {
    this.live += bits;
    this.peak = Math.max(this.peak, this.live);
    if (!this.staysInBlock[job]) return;
    this.liveInBlocks += bits;
    this.peakInBlocks = Math.max(this.peakInBlocks, this.liveInBlocks);
  }
}
