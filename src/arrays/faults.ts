import { ROW_KERNELS } from '../memory/kernels.js';
import { Control, LaneState, LaneWord, laneAt } from './control.js';
import type { Crew } from './crew.js';
import type { Jobs } from './jobs.js';
import { LaneError } from './lane-error.js';

/** A worker that makes no progress for so long, while the calling thread waits for it, is lost. */
export const LOST_AFTER_MS = 2000;

/** Kernels that trapped, and workers that ended or stood still. */
export class Faults {
  private failure: Error | null = null;
  /** The workers were told to end: the failure is for good. */
  isClosed = false;
  /** Workers that were given up, and may still write to memory. */
  private readonly zombies = new Set<number>();

  /** @param onAbandon hears why all jobs were given up */
  constructor(
    private readonly crew: Crew,
    private readonly jobs: Jobs,
    private readonly onAbandon: (error: Error) => void,
  ) {}

  /** Whether a worker may still write to memory though it was given up. */
  get hasZombies(): boolean {
    return this.zombies.size > 0;
  }

  get hasFailed(): boolean {
    const { crew } = this;
    return this.failure !== null || Atomics.load(crew.view(), crew.base + Control.Failed) !== 0;
  }

  /** Notes a fault, unless there was another that nobody has taken yet. */
  note(error: LaneError): void {
    this.failure ??= error;
  }

  /** The fault that came first; afterwards there is none, but for one that is for good. */
  take(): Error {
    const { crew, failure } = this;
    const number = Atomics.exchange(crew.view(), crew.base + Control.Failed, 0);
    if (!this.isClosed) this.failure = null;
    return failure ?? new LaneError(kernelName(number & 0xffff), number >>> 16, 'it trapped');
  }

  /** A worker has ended by itself; if it was in the middle of a kernel, all jobs are given up. */
  ended(lane: number, reason: string): void {
    const { crew } = this;
    const words = crew.view();
    const at = crew.base + laneAt(lane);
    Atomics.store(words, at + LaneWord.Ready, 0);
    const busy = Atomics.exchange(words, at + LaneWord.Busy, 0);
    if (!this.zombies.delete(lane) && busy !== 0) {
      this.abandon(new LaneError(kernelName(busy), lane, reason));
    }
    Atomics.store(words, at + LaneWord.State, LaneState.Awake);
    Atomics.store(words, at + LaneWord.Buried, 0);
  }

  /** No worker makes progress: those that are in the middle of a kernel are lost. */
  giveUp(): void {
    const { crew } = this;
    const words = crew.view();
    let error: LaneError | null = null;
    for (let lane = 1; lane <= crew.workers.count; lane++) {
      const busy = Atomics.load(words, crew.base + laneAt(lane) + LaneWord.Busy);
      if (busy === 0) continue;
      error ??= new LaneError(kernelName(busy), lane, 'its thread makes no progress');
      this.bury(lane);
    }
    this.abandon(error ?? new LaneError('nothing', 0, 'a job is left that no lane runs'));
  }

  /** The workers are told to end: what is not done will never be. */
  close(error: Error): void {
    const { crew, jobs } = this;
    this.isClosed = true;
    this.failure = error;
    // Of those that are in the middle of a kernel, nobody hears when they have ended.
    for (let lane = 1; lane <= crew.workers.count && !jobs.areDone; lane++) this.zombies.add(lane);
    crew.own.drop();
    jobs.close();
    jobs.giveUp();
  }

  /** Gives a worker up; until it has ended, it may still write to memory. */
  private bury(lane: number): void {
    const { crew } = this;
    const words = crew.view();
    const at = crew.base + laneAt(lane);
    this.zombies.add(lane);
    Atomics.store(words, at + LaneWord.Buried, 1);
    Atomics.store(words, at + LaneWord.Ready, 0);
    crew.workers.terminate(lane);
  }

  /** Counts every job as done, once no other lane works on one: a lane that had a band is lost. */
  private abandon(error: LaneError): void {
    const { crew } = this;
    this.failure ??= error;
    const words = crew.view();
    crew.setActive(0);
    // A lane may have chosen a job without being busy yet.
    this.jobs.close();
    crew.own.drop();
    for (let lane = 1; lane <= crew.workers.count; lane++) {
      if (this.zombies.has(lane)) continue;
      const at = crew.base + laneAt(lane) + LaneWord.Busy;
      const end = performance.now() + LOST_AFTER_MS;
      while (Atomics.load(words, at) !== 0 && performance.now() < end);
      if (Atomics.load(words, at) !== 0) this.bury(lane);
    }
    this.jobs.giveUp();
    crew.setHelp(crew.callerHelps);
    this.onAbandon(this.failure);
  }
}

function kernelName(busy: number): string {
  return ROW_KERNELS[busy - 1] ?? 'a kernel';
}
