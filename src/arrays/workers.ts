import type { WorkerMessage, WorkerSetup } from './lane-worker.js';
import { startWorker } from './worker.js';
import type { LaneWorker } from './worker.js';

/** What the owner of the workers hears; `lane` is the worker's number, from 1 on. */
export interface WorkersOwner {
  setupOf(lane: number): WorkerSetup;
  onMessage(lane: number, message: WorkerMessage): void;
  /** A worker ended though nobody told it to. */
  onEnd(lane: number, reason: string): void;
}

/** A worker that ends by itself so often, soon after its start each time, is not started again. */
const MOST_STARTS = 5;
const SOON_MS = 100;

/**
 * The first workers are put off for so long: their start would compete with that of the program, its
 * model and its first prediction, which is soon over if it is small.
 */
const HEAD_START_MS = 100;

/** The workers: started, started again when they end, and ended. */
export class Workers {
  private readonly workers: (LaneWorker | null)[] = [];
  private readonly starts: number[] = [];
  private holds = 0;
  private isStopped = false;
  private isAwake = false;
  private readonly wakeTime = performance.now() + HEAD_START_MS;
  private alarm: ReturnType<typeof setTimeout> | null = null;
  private hasWarned = false;

  constructor(private readonly owner: WorkersOwner) {}

  /** Workers that were asked for. */
  get count(): number {
    return this.workers.length;
  }

  /** Workers that have started and not ended. */
  get running(): number {
    return this.workers.filter((worker) => worker !== null).length;
  }

  /** Starts workers until there are `count`, now or soon, and does not wait for them. */
  start(count: number): void {
    while (this.workers.length < count && !this.isStopped) {
      this.workers.push(null);
      this.starts.push(0);
      if (this.isAwake) this.launch(this.workers.length);
    }
    if (this.isAwake || this.alarm || this.workers.length === 0) return;
    this.alarm = setTimeout(() => {
      this.wake();
    }, this.wakeTime - performance.now());
    // Node's process may end meanwhile.
    if (typeof this.alarm === 'object') this.alarm.unref();
  }

  /** Starts what was put off, if it is time: a caller that never waits keeps the alarm from ringing. */
  wakeInTime(): void {
    if (!this.isAwake && performance.now() > this.wakeTime) this.wake();
  }

  private wake(): void {
    if (this.isAwake || this.isStopped) return;
    this.isAwake = true;
    for (let lane = 1; lane <= this.workers.length; lane++) this.launch(lane);
  }

  /** Keeps a process of Node's alive for the workers' sake, until as many calls of `letGo`. */
  hold(): void {
    if (this.holds++ === 0) for (const worker of this.workers) worker?.hold(true);
  }

  letGo(): void {
    if (--this.holds === 0) for (const worker of this.workers) worker?.hold(false);
  }

  /** Ends a worker, in the middle of whatever it does; another takes its place. */
  terminate(lane: number): void {
    this.starts[lane - 1] = 0;
    this.workers[lane - 1]?.terminate();
  }

  stop(): void {
    this.isStopped = true;
    if (this.alarm) clearTimeout(this.alarm);
    for (const worker of this.workers) worker?.terminate();
  }

  private launch(lane: number): void {
    const index = lane - 1;
    this.starts[index]++;
    // When the worker said that it runs: before, its script may take any time to fail.
    let begin = Infinity;
    try {
      this.workers[index] = startWorker(this.owner.setupOf(lane), {
        onMessage: (message) => {
          if (message.kind === 'started') begin = performance.now();
          if (!this.isStopped) this.owner.onMessage(lane, message);
        },
        onEnd: (reason) => {
          this.workers[index] = null;
          if (this.isStopped) return;
          this.owner.onEnd(lane, reason);
          if (performance.now() - begin > SOON_MS) this.starts[index] = 0;
          if (this.starts[index] < MOST_STARTS) this.launch(lane);
          else this.warn(reason);
        },
      });
      if (this.holds > 0) this.workers[index].hold(true);
    } catch (error) {
      this.warn(String(error));
    }
  }

  private warn(reason: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    console.warn(
      `tfjs-backend-dynconv: a worker cannot run (${reason}), so fewer threads compute than ` +
        `DYNCONV_LANES asks for. Serve dynconv-lane.js beside the .wasm files, with the page's ` +
        `headers, and let the content security policy allow it as a worker.`,
    );
  }
}
