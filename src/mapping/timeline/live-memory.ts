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

  private live = 0;
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
  }

  /** A row is done: it is kept for its readers, and what was only needed for it is not. */
  finish(job: number, row: number): void {
    this.done[job] = row + 1;
    if (this.readers[job].length > 0) {
      this.live += this.jobs[job].rowBits[row];
      this.peak = Math.max(this.peak, this.live);
    }
    for (const { job: source } of this.jobs[job].needs) this.free(source);
  }

  private free(job: number): void {
    const needed = Math.min(
      ...this.readers[job].map((reader) => reader.keeps[this.done[reader.job]] ?? Infinity),
    );
    const last = Math.min(needed, this.done[job]);
    while (this.freed[job] < last) this.live -= this.jobs[job].rowBits[this.freed[job]++];
  }
}
