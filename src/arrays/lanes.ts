import { ROW_KERNELS, SCRATCH_BYTES } from '../memory/kernels.js';
import type { Kernels, RowKernelName } from '../memory/kernels.js';
import type { Fence, Heap } from '../memory/heap.js';
import { Control, LaneWord, MOST_NEEDS, SLOTS, Slot } from './control.js';
import { controlBytes, freshClaim, isJobDone, laneAt, slotAt } from './control.js';
import { jobBytes, placeJob } from './job.js';
import type { Job } from './job.js';
import { Lane, arrayOfLane, signal } from './lane.js';
import type { LaneSetup } from './lane.js';
import { LaneError } from './lane-error.js';
import type { WorkerMessage } from './lane-worker.js';
import { Recorder } from './recorder.js';
import { Workers } from './workers.js';

/** The moment when a job is done: its number and one. 0 has always come. */
export type Token = number;

/** The most lanes that work at once. */
export const MOST_LANES = 8;

/** Looks at memory between two looks at the clock. */
const SPINS = 256;
/** A worker that makes no progress for so long, while the calling thread waits for it, is lost. */
const LOST_AFTER_MS = 2000;
/** A look that comes later than this shows that the calling thread did not run, either. */
const LONGEST_POLL_MS = 20;

interface Waiter {
  readonly token: Token;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The lanes of both virtual PE arrays: the calling thread (lane 0) and workers on the same memory.
 * The calling thread posts jobs, lanes take bands of them in order, and only the calling thread
 * allocates. Without shared memory, or before a worker runs, every job is run as it is posted.
 */
export class Lanes implements Fence {
  /** Notes when kernels ran, while somebody wants to know. */
  readonly recorder: Recorder;
  private readonly control: number;
  private readonly base: number;
  private readonly own: Lane;
  /** The threads of all lanes but the calling thread's. */
  readonly workers: Workers;
  private readonly scratches: number[] = [];
  private lanes = 1;
  private workspaceBytes = 0;
  private callerHelps = true;
  /** Jobs that were posted so far. */
  posted = 0;
  /** What is posted is on the critical path: it comes before what is not. */
  isUrgent = true;
  private failure: Error | null = null;
  private waiter: Waiter | null = null;
  /** Workers that were given up, and may still write to memory. */
  private readonly zombies = new Set<number>();

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly heap: Heap,
    kernels: Kernels,
    module: WebAssembly.Module,
  ) {
    const bytes = controlBytes(MOST_LANES + 1);
    // From the beginning of a cache line on, so that no other block shares one.
    this.control = (heap.allocate(bytes + 63) + 63) & ~63;
    this.base = this.control >>> 2;
    heap.u8.fill(0, this.control, this.control + bytes);
    this.own = new Lane(
      this.setupOf(0),
      ROW_KERNELS.map((name) => kernels[name]),
      (error, kernel) => {
        this.failure ??= new LaneError(ROW_KERNELS[kernel], 0, String(error), error);
      },
    );
    this.recorder = new Recorder(heap, this.base, () => this.own.view());
    this.workers = new Workers({
      setupOf: (lane) => ({ ...this.setupOf(lane), module, lock: lockName() }),
      onMessage: (lane, message) => {
        this.hear(lane, message);
      },
      onEnd: (lane, reason) => {
        this.ended(lane, reason);
      },
    });
    this.setHelp(true);
    heap.fence = this;
  }

  // Who works.

  /**
   * Starts workers, so that `lanes` threads work in all once they run; nobody waits for them. Where
   * there are more, the others rest.
   */
  start(lanes: number): void {
    if (this.memory.buffer instanceof ArrayBuffer) return;
    this.lanes = Math.min(lanes, MOST_LANES);
    // Memory for the worker that stands in for the calling thread, too, though it starts later.
    for (let lane = 1; lane <= this.lanes && this.lanes > 1; lane++) this.setupOf(lane);
    // New lanes need a workspace, too.
    const bytes = this.workspaceBytes;
    this.workspaceBytes = 0;
    this.reserve(bytes);
    this.workers.start(this.lanes - 1);
    this.setHelp(this.callerHelps);
  }

  /** Ends all workers; jobs that are posted later are run as they are posted. */
  stop(): void {
    Atomics.store(this.own.view(), this.base + Control.Stop, 1);
    signal(this.own.view(), this.base);
    this.workers.stop();
    this.lanes = 1;
  }

  /**
   * Whether the calling thread takes bands. Where it does not, one more worker takes its place, so
   * that a page stays alive.
   */
  setHelp(callerHelps: boolean): void {
    this.callerHelps = callerHelps;
    if (!callerHelps && this.lanes > 1) this.workers.start(this.lanes);
    const active = callerHelps ? this.lanes : this.lanes + 1;
    Atomics.store(this.own.view(), this.base + Control.Active, active);
  }

  /** Whether no worker looks for work: all that run are asleep. */
  get isAsleep(): boolean {
    const words = this.own.view();
    let running = 0;
    for (let lane = 1; lane <= this.workers.count; lane++) {
      running += Atomics.load(words, this.base + laneAt(lane) + LaneWord.Ready);
    }
    return Atomics.load(words, this.base + Control.Sleepers) === running;
  }

  /** Threads that take bands of what is posted now; 0 when only the calling thread could. */
  get ready(): number {
    const words = this.own.view();
    let ready = 0;
    for (let lane = 1; lane <= this.workers.count; lane++) {
      if (lane < words[this.base + Control.Active]) {
        ready += Atomics.load(words, this.base + laneAt(lane) + LaneWord.Ready);
      }
    }
    return ready > 0 && this.callerHelps ? ready + 1 : ready;
  }

  // Work.

  /**
   * Gives a job to the lanes.
   * @param after the moments that it waits for
   * @returns the moment when it is done
   * @throws LaneError if it was run at once and trapped; OutOfMemoryError
   */
  post(job: Job, after: Iterable<Token> = []): Token {
    this.reserve(job.workspace);
    const description = this.heap.allocate(jobBytes(job));
    const words = this.own.view();
    placeJob(job, (clock) => this.recorder.layerOf(clock), words, description >>> 2);
    const alone =
      this.posted === this.done &&
      (this.ready === 0 || (this.callerHelps && job.bands.length === 1));
    if (alone) {
      this.own.array = job.array;
      for (let band = 0; band < job.bands.length; band++) this.own.run(description >>> 2, band);
    } else {
      this.announce(job, description, after);
    }
    this.heap.free(description);
    if (alone) this.throwFailure();
    return alone ? 0 : this.posted;
  }

  /**
   * Runs a kernel on the first `rows` rows of each of the commands at these addresses, which do not
   * depend on one another.
   * @param after the moments that it waits for
   */
  run(
    kernel: RowKernelName,
    commands: readonly number[],
    rows: number,
    after: readonly Token[],
  ): Token {
    const stages = commands.map((command) => ({ kernel, command, inWorkspace: 0, clock: null }));
    const starts = commands.map(() => 0);
    const bands = [{ starts, ends: commands.map(() => rows) }];
    return this.post({ stages, bands, array: 1, workspace: 0 }, after);
  }

  /** Gives each lane a workspace of at least so many bytes. */
  private reserve(bytes: number): void {
    if (bytes <= this.workspaceBytes) return;
    this.workspaceBytes = bytes;
    for (let lane = 0; lane <= (this.lanes > 1 ? this.lanes : 0); lane++) {
      const word = this.base + laneAt(lane) + LaneWord.Workspace;
      const block = this.heap.allocate(bytes);
      const before = Atomics.exchange(this.own.view(), word, block);
      // A lane may be at work in it: the fence keeps it until then.
      if (before !== 0) this.heap.free(before >>> 0);
    }
  }

  private announce({ bands, array }: Job, description: number, after: Iterable<Token>): void {
    this.waitUntil(() => this.posted - this.done < SLOTS);
    const words = this.own.view();
    const job = this.posted | 0;
    const slot = this.base + slotAt(job);
    words[slot + Slot.Bands] = bands.length;
    words[slot + Slot.Job] = description;
    words[slot + Slot.Array] = array;
    words[slot + Slot.Urgent] = Number(this.isUrgent);
    this.placeNeeds(words, slot, after);
    Atomics.store(words, slot + Slot.Left, bands.length);
    Atomics.store(words, slot + Slot.Claim, freshClaim(job));
    this.posted++;
    Atomics.store(words, this.base + Control.Head, this.posted | 0);
    signal(words, this.base);
  }

  private placeNeeds(words: Int32Array, slot: number, after: Iterable<Token>): void {
    let all = 0;
    let count = 0;
    words.fill(0, slot + Slot.Needs, slot + Slot.Needs + MOST_NEEDS);
    for (const token of after) {
      if (this.isDone(token)) continue;
      if (count < MOST_NEEDS) words[slot + Slot.Needs + count++] = token | 0;
      else all = Math.max(all, token);
    }
    words[slot + Slot.NeedAll] = all | 0;
  }

  /** Jobs that are done: all before the first that is not. */
  private get done(): number {
    return (
      this.posted - ((this.posted - Atomics.load(this.own.view(), this.base + Control.Done)) | 0)
    );
  }

  /** When the oldest job that is not done will be; 0 when all are. */
  get oldest(): Token {
    const { done } = this;
    return done === this.posted ? 0 : done + 1;
  }

  isDone(token: Token): boolean {
    return token === 0 || isJobDone(this.own.view(), this.base, token);
  }

  /**
   * Returns once the moment has come; meanwhile the calling thread works, too.
   * @throws LaneError if a kernel trapped or a worker died
   */
  wait(token: Token): void {
    if (!this.isDone(token)) this.waitUntil(() => this.isDone(token));
    // A caller that waited in its own time need not wait for a message any more.
    if (this.waiter && this.isDone(this.waiter.token)) this.waiter.resolve();
    this.throwFailure();
    this.heap.sweep();
  }

  /** Waits for all that is posted. */
  drain(): void {
    if (this.done < this.posted) this.waitUntil(() => this.done === this.posted);
    this.wait(0);
  }

  /**
   * Resolves once the moment has come, without keeping the calling thread. A later call takes the
   * place of an earlier one, which then resolves early.
   * @throws LaneError if a kernel trapped or a worker died
   */
  async whenDone(token: Token): Promise<void> {
    if (this.ready === 0) this.wait(token);
    if (!this.isDone(token)) {
      const words = this.own.view();
      this.workers.hold();
      try {
        await new Promise<void>((resolve, reject) => {
          this.waiter?.resolve();
          this.waiter = { token, resolve, reject };
          Atomics.store(words, this.base + Control.Target, token | 0);
          Atomics.store(words, this.base + Control.Waiting, 1);
          // It may have been done before a worker could see the wish.
          if (this.isDone(token)) resolve();
        });
      } finally {
        this.workers.letGo();
      }
    }
    this.throwFailure();
    this.heap.sweep();
  }

  /** Jobs that will not touch memory any more. */
  get settled(): number {
    return this.zombies.size > 0 ? 0 : this.done;
  }

  private throwFailure(): void {
    const { failure } = this;
    if (!failure) {
      if (Atomics.load(this.own.view(), this.base + Control.Failed) === 0) return;
    }
    this.waitUntil(() => this.posted === this.done);
    const number = Atomics.exchange(this.own.view(), this.base + Control.Failed, 0);
    this.failure = null;
    throw failure ?? new LaneError(kernelName(number & 0xffff), number >>> 16, 'it trapped');
  }

  /** Works, and otherwise looks, until `isOver`; gives up workers that make no progress. */
  private waitUntil(isOver: () => boolean): void {
    let seen = -1;
    let idle = 0;
    let last = performance.now();
    while (!isOver()) {
      if ((this.callerHelps || this.ready === 0) && this.own.step()) {
        last = performance.now();
        continue;
      }
      for (let i = 0; i < SPINS; i++) if (isOver()) return;
      const time = performance.now();
      const beats = this.beats();
      idle = beats === seen ? idle + Math.min(time - last, LONGEST_POLL_MS) : 0;
      seen = beats;
      last = time;
      if (idle > LOST_AFTER_MS) this.giveUp();
    }
  }

  /** Grows while any worker makes progress. */
  private beats(): number {
    const words = this.own.view();
    let sum = Atomics.load(words, this.base + Control.Done);
    for (let lane = 1; lane <= this.workers.count; lane++) {
      sum = (sum + words[this.base + laneAt(lane) + LaneWord.Beat]) | 0;
    }
    return sum;
  }

  // Faults.

  private hear(lane: number, message: WorkerMessage): void {
    if (message.kind === 'done') this.waiter?.resolve();
    if (message.kind === 'failed')
      this.failure ??= new LaneError(message.kernel, lane, message.message);
  }

  /** A worker has ended by itself. */
  private ended(lane: number, reason: string): void {
    const words = this.own.view();
    const at = this.base + laneAt(lane);
    Atomics.store(words, at + LaneWord.Ready, 0);
    const busy = Atomics.exchange(words, at + LaneWord.Busy, 0);
    if (!this.zombies.delete(lane) && busy !== 0) {
      this.abandon(new LaneError(kernelName(busy), lane, reason));
    }
    if (Atomics.exchange(words, at + LaneWord.Asleep, 0) === 1) {
      Atomics.sub(words, this.base + Control.Sleepers, 1);
    }
    // It may have been the one to tell that what is waited for is done.
    this.waiter?.resolve();
    this.heap.sweep();
  }

  /** No worker makes progress: those that are in the middle of a kernel are lost. */
  private giveUp(): void {
    const words = this.own.view();
    let error: LaneError | null = null;
    for (let lane = 1; lane <= this.workers.count; lane++) {
      const busy = Atomics.load(words, this.base + laneAt(lane) + LaneWord.Busy);
      if (busy === 0) continue;
      error ??= new LaneError(kernelName(busy), lane, 'its thread makes no progress');
      this.bury(lane);
    }
    this.abandon(error ?? new LaneError('nothing', 0, 'a job is left that no lane runs'));
  }

  /** Gives a worker up; until it has ended, it may still write to memory. */
  private bury(lane: number): void {
    this.zombies.add(lane);
    Atomics.store(this.own.view(), this.base + laneAt(lane) + LaneWord.Ready, 0);
    this.workers.terminate(lane);
  }

  /** Counts every job as done, once no other lane works on one: a lane that had a band is lost. */
  private abandon(error: LaneError): void {
    this.failure ??= error;
    const words = this.own.view();
    Atomics.store(words, this.base + Control.Active, 0);
    for (let lane = 1; lane <= this.workers.count; lane++) {
      if (this.zombies.has(lane)) continue;
      const at = this.base + laneAt(lane) + LaneWord.Busy;
      const end = performance.now() + LOST_AFTER_MS;
      while (Atomics.load(words, at) !== 0 && performance.now() < end);
      if (Atomics.load(words, at) !== 0) this.bury(lane);
    }
    for (let job = this.done; job < this.posted; job++) {
      Atomics.store(words, this.base + slotAt(job | 0) + Slot.Bands, 0);
      Atomics.store(words, this.base + slotAt(job | 0) + Slot.Left, 0);
    }
    Atomics.store(words, this.base + Control.Done, this.posted | 0);
    this.setHelp(this.callerHelps);
    this.waiter?.reject(this.failure);
  }

  private setupOf(index: number): LaneSetup {
    const { memory, control } = this;
    const scratch = (this.scratches[index] ??= this.heap.allocate(SCRATCH_BYTES));
    return { memory, control, index, array: arrayOfLane(index), scratch };
  }
}

let locks = 0;

/** A name that no other lane has, in this page or in another of the same origin. */
function lockName(): string {
  return `tfjs-backend-dynconv ${Date.now()} ${Math.random()} ${locks++}`;
}

function kernelName(busy: number): string {
  return ROW_KERNELS[busy - 1] ?? 'a kernel';
}
