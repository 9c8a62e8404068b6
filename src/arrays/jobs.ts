import { ALL_ENDS, Control, MOST_NEEDS, SLOTS, Slot } from './control.js';
import { canStart, freshClaim, isJobDone, signal, slotAt, takenClaim } from './control.js';
import type { Job } from './job.js';

/** The moment when a job is done: its number and one. 0 has always come. */
export type Token = number;

/** The calling thread's end of the control block: the jobs that it posted. */
export class Jobs {
  /** Jobs that were posted so far. */
  posted = 0;
  /** Jobs that were done when last looked at: whatever allocates or frees asks for them. */
  private known = 0;
  /** What is posted is on the critical path: it comes before what is not. */
  isUrgent = true;

  /**
   * @param base the word where the control block begins
   * @param view the memory as words
   */
  constructor(
    private readonly base: number,
    private readonly view: () => Int32Array,
  ) {}

  /** Jobs that are done: all before the first that is not. */
  get done(): number {
    if (this.known < this.posted) {
      const done = Atomics.load(this.view(), this.base + Control.Done);
      this.known = this.posted - ((this.posted - done) | 0);
    }
    return this.known;
  }

  get areDone(): boolean {
    return this.done === this.posted;
  }

  /** No job can be posted before another is done. */
  get isFull(): boolean {
    return this.posted - this.done >= SLOTS;
  }

  /** When the oldest job that is not done will be; 0 when all are. */
  get oldest(): Token {
    const { done } = this;
    return done === this.posted ? 0 : done + 1;
  }

  isDone(token: Token): boolean {
    // Exact numbers first: of tokens that lie far back, 32 bits do not tell.
    return token <= this.known || isJobDone(this.view(), this.base, token);
  }

  /**
   * Lets the lanes take ends of a job's bands; there must be a slot for it.
   * @param description address of the job's description
   * @param after the moments that it waits for
   */
  announce({ ends, array }: Job, description: number, after: Iterable<Token>): void {
    const words = this.view();
    const job = this.posted | 0;
    const slot = this.base + slotAt(job);
    // A lane may be looking at the job that had the slot: first no claim of that one may succeed any more.
    Atomics.store(words, slot + Slot.Claim, takenClaim(job));
    Atomics.store(words, slot + Slot.Ends, ends);
    words[slot + Slot.Job] = description;
    words[slot + Slot.Array] = array;
    words[slot + Slot.Urgent] = Number(this.isUrgent);
    this.placeNeeds(words, slot, after);
    Atomics.store(words, slot + Slot.Left, freshClaim(job) | ends);
    Atomics.store(words, slot + Slot.Claim, freshClaim(job));
    this.posted++;
    Atomics.store(words, this.base + Control.Head, this.posted | 0);
    // Of a job that still waits for others, the lane that completes those tells: it sees this job, or
    // else they are seen to be done here.
    if (canStart(words, this.base, slot)) signal(words, this.base, ends);
  }

  /** Lets no lane take an end any more of what is posted. */
  close(): void {
    const words = this.view();
    for (let job = this.done; job < this.posted; job++) {
      Atomics.or(words, this.base + slotAt(job | 0) + Slot.Claim, ALL_ENDS);
    }
  }

  /** Counts every job as done; they are closed, and no lane may be at work on one. */
  giveUp(): void {
    const words = this.view();
    for (let job = this.done; job < this.posted; job++) {
      Atomics.store(words, this.base + slotAt(job | 0) + Slot.Left, freshClaim(job));
    }
    Atomics.store(words, this.base + Control.Done, this.posted | 0);
  }

  private placeNeeds(words: Int32Array, slot: number, after: Iterable<Token>): void {
    let all = this.known;
    let count = 0;
    words.fill(0, slot + Slot.Needs, slot + Slot.Needs + MOST_NEEDS);
    for (const token of after) {
      if (this.isDone(token)) continue;
      // 0 stands for no job.
      const need = token | 0;
      if (count < MOST_NEEDS && need !== 0) words[slot + Slot.Needs + count++] = need;
      else all = Math.max(all, token);
    }
    words[slot + Slot.NeedAll] = all | 0;
  }
}
