import type { Lanes, Token } from '../arrays/lanes.js';
import type { Runtime } from '../arrays/runtime.js';
import { Driver } from './driver.js';
import { Speculation } from './speculation.js';
import { nextTurn, turnBegins, turnEnd } from './turn.js';
import type { Storage } from './storage.js';

/**
 * An evaluation under way: at once, or in slices while workers compute. There is one at a time on a
 * runtime; whoever needs another one first brings it to its end.
 */
class Run {
  private static readonly underWay = new WeakMap<Runtime, Run>();
  private driver: Driver | null = null;
  private isOver = false;
  private failure: Error | null = null;
  private readonly readers: (() => void)[] = [];

  static of(runtime: Runtime): Run | undefined {
    return Run.underWay.get(runtime);
  }

  constructor(private readonly storage: Storage) {
    storage.retain();
    Run.underWay.set(storage.runtime, this);
    Speculation.of(storage.runtime).evaluationBegins();
    storage.runtime.lanes.areAlert = true;
  }

  /** Brings the evaluation to its end, however it was begun; does not throw. */
  finish(): void {
    const { lanes } = this.storage.runtime;
    lanes.setHelp(true);
    lanes.takesTurns = false;
    this.guard(() => {
      for (let token = this.proceed(); token !== null; token = this.proceed()) lanes.wait(token);
      lanes.drain();
    });
    this.end();
  }

  /** The same while others on the calling thread have their turns. */
  async finishInSlices(): Promise<void> {
    const { lanes } = this.storage.runtime;
    lanes.setHelp(!lanes.canStandIn);
    lanes.takesTurns = true;
    try {
      while (!this.isOver) {
        const token = this.proceed(turnEnd());
        const target = token ?? lanes.oldest;
        if (token === null && target === 0) {
          // All is done, or was given up while others had their turns.
          lanes.drain();
          break;
        }
        if (target === 0) await nextTurn();
        else if (!lanes.callerWorks) await listen(lanes, target);
        else if (!lanes.workUntil(target, turnEnd())) await nextTurn();
      }
    } catch (error) {
      this.fail(error as Error);
    }
    this.end();
  }

  /** Resolves when the evaluation has ended, in whatever way. */
  over(): Promise<void> {
    return new Promise((resolve) => {
      this.readers.push(resolve);
    });
  }

  /** @throws the error that ended the evaluation, if one did */
  check(): void {
    if (this.failure) throw this.failure;
  }

  private proceed(deadline?: number): number | null {
    const { runtime, token } = this.storage;
    if (!this.driver) {
      this.storage.claim();
      if (this.storage.isReady) return runtime.lanes.isDone(token) ? null : token;
      this.driver = new Driver(runtime, this.storage, Speculation.of(runtime).asked);
    }
    return this.driver.proceed(deadline);
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private fail(error: Error): void {
    if (this.isOver) return;
    this.failure ??= error;
    if (this.driver) this.driver.fail(error);
    else this.storage.fail(error);
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    const { runtime } = this.storage;
    runtime.lanes.setHelp(true);
    runtime.lanes.takesTurns = false;
    runtime.lanes.areAlert = false;
    // What an error left with the lanes must not outlive the memory that it is about.
    if (this.failure)
      this.guard(() => {
        runtime.lanes.drain();
      });
    Run.underWay.delete(runtime);
    Speculation.of(runtime).evaluationEnds();
    runtime.endEvaluation();
    this.storage.release();
    for (const resolve of this.readers) resolve();
  }
}

/** Resolves once the moment has come, or has to be looked at again. */
async function listen(lanes: Lanes, token: Token): Promise<void> {
  await lanes.whenDone(token);
  turnBegins();
}

/**
 * Makes `storage` ready: all of its values in memory.
 * @throws OutOfMemoryError or LaneError; then, and at every later read, for what was being evaluated
 */
export function force(storage: Storage): void {
  const { runtime } = storage;
  if (storage.isReady && storage.token === 0) return;
  if (!storage.isReady) Run.of(runtime)?.finish();
  if (storage.isReady) {
    runtime.lanes.wait(storage.token);
    return;
  }
  const run = new Run(storage);
  run.finish();
  run.check();
}

/**
 * Makes `storage` ready without keeping the calling thread: JavaScript runs in short slices, and
 * workers, where there are any, run the kernels.
 * @throws OutOfMemoryError or LaneError; then, and at every later read, for what was being evaluated
 */
export async function forceInSlices(storage: Storage): Promise<void> {
  storage.retain();
  try {
    for (let other = Run.of(storage.runtime); other; other = Run.of(storage.runtime)) {
      await other.over();
    }
    if (storage.isReady) return;
    const run = new Run(storage);
    await run.finishInSlices();
    run.check();
  } finally {
    storage.release();
  }
}
