import { ROW_KERNELS } from '../memory/kernels.js';
import type { Kernels, RowKernelName } from '../memory/kernels.js';
import type { Fence, Heap } from '../memory/heap.js';
import { Control, MOST_LANES, signal } from './control.js';
import { Crew } from './crew.js';
import { Faults, LOST_AFTER_MS } from './faults.js';
import { jobBytes, placeJob } from './job.js';
import type { Job } from './job.js';
import { Jobs } from './jobs.js';
import type { Token } from './jobs.js';
import { BackendRemovedError, LaneError } from './lane-error.js';
import { Losses } from './losses.js';
import type { WorkerMessage } from './lane-worker.js';
import { Recorder } from './recorder.js';
import type { Workers } from './workers.js';

export type { Token } from './jobs.js';

/** Looks at memory between two looks at the clock. */
const SPINS = 256;
/** A look that comes later than this shows that the calling thread did not run, either. */
const LONGEST_POLL_MS = 20;
/** Without work, and without progress of the others, the calling thread looks for so long, */
const SPIN_MS = 0.1;
/** and then only now and again: the core may be what another lane waits for, where a machine has other things to do. */
const REST_MS = 0.05;
/** Kernels compute so many rows at once: strips begin at multiples. */
const TILE_ROWS = 4;
/** Strips of rows that cost all the same, for each lane that shares them. */
const STRIPS_A_LANE = 4;
/** A longer description of a job that the calling thread runs by itself gets a block of its own. */
const ALONE_BYTES = 4096;

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
  private readonly crew: Crew;
  private readonly jobs: Jobs;
  private readonly faults: Faults;
  private readonly losses = new Losses();
  private waiter: Waiter | null = null;
  /** Others on the calling thread are to have their turns: what may take long is queued. */
  takesTurns = false;
  /** Room for the description of a small job that no other lane sees. */
  private readonly alone: number;

  constructor(
    memory: WebAssembly.Memory,
    private readonly heap: Heap,
    kernels: Kernels,
    module: WebAssembly.Module,
  ) {
    this.crew = new Crew(
      { memory, heap, kernels, module },
      {
        onTrap: (kernel, error) => {
          this.faults.note(new LaneError(ROW_KERNELS[kernel], 0, String(error), error));
        },
        onMessage: (lane, message) => {
          this.hear(lane, message);
        },
        onEnd: (lane, reason) => {
          this.faults.ended(lane, reason);
          // It may have been the one to tell that what is waited for is done.
          this.waiter?.resolve();
          this.heap.sweep();
        },
      },
    );
    const { base, own } = this.crew;
    const view = (): Int32Array => own.view();
    this.jobs = new Jobs(base, view);
    this.recorder = new Recorder(heap, base, view);
    this.faults = new Faults(this.crew, this.jobs, (error) => this.waiter?.reject(error));
    this.alone = heap.allocate(ALONE_BYTES);
    heap.fence = this;
  }

  // Who works.

  /** The threads of all lanes but the calling thread's. */
  get workers(): Workers {
    return this.crew.workers;
  }

  /**
   * Starts workers, so that `lanes` threads work in all once they run; nobody waits for them. Where
   * there are more, the others rest.
   * @param cores of the machine
   */
  start(lanes: number, cores: number): void {
    this.crew.start(lanes, cores);
    // Perhaps nobody is left to tell.
    this.waiter?.resolve();
  }

  /** Ends all workers, and gives up what is posted: whoever waits for it, or posts more, gets an error. */
  stop(): void {
    const { crew, faults, jobs, losses } = this;
    crew.stop();
    if (!faults.hasFailed) losses.confirm(jobs.done);
    const error = new BackendRemovedError();
    losses.add(jobs.posted, error);
    faults.close(error);
    this.waiter?.resolve();
  }

  /**
   * Whether the calling thread takes bands. Where it does not, one more worker takes its place, so
   * that a page stays alive.
   */
  setHelp(callerHelps: boolean): void {
    this.crew.setHelp(callerHelps);
  }

  /** Whether the calling thread has work: it takes bands, or has one in hand that nobody else can finish. */
  get callerWorks(): boolean {
    return this.crew.callerWorks || this.crew.own.hasBand;
  }

  /** Whether a worker can take the calling thread's place: there is a core for it. */
  get canStandIn(): boolean {
    return this.crew.canStandIn;
  }

  /** Whether no worker looks for work: all that run are asleep. */
  get isAsleep(): boolean {
    return this.crew.isAsleep;
  }

  /** Threads that take bands of what is posted now; 0 when only the calling thread could. */
  get ready(): number {
    return this.crew.ready;
  }

  // Work.

  /** Jobs that were posted so far. */
  get posted(): number {
    return this.jobs.posted;
  }

  /** What is posted is on the critical path: it comes before what is not. */
  set isUrgent(isUrgent: boolean) {
    this.jobs.isUrgent = isUrgent;
  }

  /**
   * Gives a job to the lanes.
   * @param after the moments that it waits for
   * @returns the moment when it is done
   * @throws LaneError if it was run at once and trapped; OutOfMemoryError; BackendRemovedError
   */
  post(job: Job, after: Iterable<Token> = []): Token {
    const { crew, heap, jobs, faults } = this;
    if (faults.isClosed) throw faults.take();
    crew.workers.wakeInTime();
    crew.reserve(job.workspace);
    const isShort = job.bands[job.bands.length - 1] === 1;
    const isOnlyOurs = !this.takesTurns && (job.ends === 1 || crew.ready === 0);
    const alone = crew.callerWorks && jobs.areDone && (isShort || isOnlyOurs);
    const bytes = jobBytes(job);
    const isSmall = alone && bytes <= ALONE_BYTES;
    const description = isSmall ? this.alone : heap.allocate(bytes);
    placeJob(job, this.recorder, crew.view(), description >>> 2);
    if (alone) {
      crew.own.runAll(description >>> 2, job.array);
    } else {
      this.waitUntil(() => !jobs.isFull);
      jobs.announce(job, description, after);
    }
    if (!isSmall) heap.free(description);
    if (alone) this.throwFailure(jobs.posted);
    return alone ? 0 : jobs.posted;
  }

  /**
   * Runs a kernel on the first `rows` rows of each of the commands at these addresses, which do not
   * depend on one another.
   * @param after the moments that it waits for
   * @param ends how many lanes may share the rows
   */
  run(
    kernel: RowKernelName,
    commands: readonly number[],
    rows: number,
    after: readonly Token[],
    ends = 1,
  ): Token {
    const stages = commands.map((command) => ({ kernel, command, inWorkspace: 0, clock: null }));
    const count = ends === 1 ? 1 : STRIPS_A_LANE * ends;
    const until: number[] = [];
    for (let border = 0; border <= count; border++) {
      const row = Math.floor((rows * border) / count / TILE_ROWS) * TILE_ROWS;
      for (let stage = 0; stage < stages.length; stage++) until.push(border < count ? row : rows);
    }
    const bands: number[] = [];
    for (let end = 0; end < ends; end += 2) bands.push(end * STRIPS_A_LANE);
    bands.push(count);
    const strips = { until, from: until, most: STRIPS_A_LANE };
    return this.post({ stages, strips, bands, ends, array: 1, workspace: 0 }, after);
  }

  /** Tells lanes whether there will be work soon: they stay awake then, and are woken if they sleep. */
  set areAlert(areAlert: boolean) {
    const { crew } = this;
    const words = crew.view();
    Atomics.store(words, crew.base + Control.Alert, Number(areAlert));
    if (areAlert && crew.ready > 0 && !crew.isAwake) signal(words, crew.base, MOST_LANES);
  }

  // Waiting.

  /** When the oldest job that is not done will be; 0 when all are. */
  get oldest(): Token {
    return this.jobs.oldest;
  }

  isDone(token: Token): boolean {
    return this.jobs.isDone(token);
  }

  /** The error with which what was to be there at `token` was lost; null if it was not. */
  lossOf(token: Token): Error | null {
    return this.losses.of(token);
  }

  /** Jobs that will not touch memory any more. */
  get settled(): number {
    return this.faults.hasZombies ? 0 : this.jobs.done;
  }

  /**
   * Returns once the moment has come; meanwhile the calling thread works, too.
   * @throws LaneError if a kernel trapped or a worker died; BackendRemovedError
   */
  wait(token: Token): void {
    if (!this.isDone(token)) this.waitUntil(() => this.isDone(token));
    // Who waits for a message looks again: what it waits for is done, or no worker can finish it.
    if (this.waiter && (this.isDone(this.waiter.token) || this.callerWorks)) this.waiter.resolve();
    const { done } = this.jobs;
    this.throwFailure(token);
    this.losses.confirm(done);
    this.heap.sweep();
  }

  /**
   * Works until the moment has come, or the calling thread has no work, or it is time for others on it: then
   * a band is laid aside between two strips.
   * @param end when that is, on the clock of performance.now()
   * @returns whether the moment has come
   * @throws LaneError if a kernel trapped or a worker died; BackendRemovedError
   */
  workUntil(token: Token, end: number): boolean {
    this.waitUntil(() => this.isDone(token) || !this.callerWorks || performance.now() > end);
    if (!this.isDone(token)) return false;
    this.wait(token);
    return true;
  }

  /** Waits for all that is posted. */
  drain(): void {
    if (!this.jobs.areDone) this.waitUntil(() => this.jobs.areDone);
    this.wait(this.posted);
  }

  /**
   * Resolves once the moment has come, without keeping the calling thread; earlier where the calling thread
   * has work by then, or a later call takes the place of this one.
   * @throws LaneError if a kernel trapped or a worker died; BackendRemovedError
   */
  async whenDone(token: Token): Promise<void> {
    if (!this.callerWorks && !this.isDone(token)) {
      const { base, workers } = this.crew;
      const words = this.crew.view();
      workers.hold();
      try {
        await new Promise<void>((resolve, reject) => {
          this.waiter?.resolve();
          this.waiter = { token, resolve, reject };
          Atomics.store(words, base + Control.Target, token | 0);
          Atomics.store(words, base + Control.Waiting, 1);
          // It may have been done before a worker could see the wish.
          if (this.isDone(token)) resolve();
        });
      } finally {
        workers.letGo();
      }
    }
    this.throwFailure(token);
    this.heap.sweep();
  }

  private hear(lane: number, message: WorkerMessage): void {
    if (message.kind === 'done') this.waiter?.resolve();
    // A fault that was taken by now is no news.
    if (message.kind === 'failed' && this.faults.hasFailed) {
      this.faults.note(new LaneError(message.kernel, lane, message.message));
    }
  }

  /** Throws a fault, if there was one; after the end, only the one with which the moment was lost. */
  private throwFailure(token: Token): void {
    const { faults, jobs, losses } = this;
    if (!faults.hasFailed) return;
    if (faults.isClosed) {
      const loss = losses.of(token);
      if (loss) throw loss;
      return;
    }
    this.waitUntil(() => jobs.areDone);
    const error = faults.take();
    losses.add(jobs.posted, error);
    throw error;
  }

  /** Works until `isOver`, and lays aside then what is not done. */
  private waitUntil(isOver: () => boolean): void {
    const { own } = this.crew;
    const before = own.isOver;
    own.isOver = isOver;
    try {
      this.workOrLook(isOver);
    } finally {
      own.isOver = before;
    }
  }

  /** Works, and otherwise looks, until `isOver`; gives up workers that make no progress. */
  private workOrLook(isOver: () => boolean): void {
    const { crew } = this;
    let seen = -1;
    let idle = 0;
    let last = performance.now();
    while (!isOver()) {
      if (crew.callerWorks ? crew.own.step() : crew.own.finish()) {
        last = performance.now();
        continue;
      }
      for (let i = 0; i < SPINS; i++) if (isOver()) return;
      const time = performance.now();
      const { beats } = crew;
      idle = beats === seen ? idle + Math.min(time - last, LONGEST_POLL_MS) : 0;
      seen = beats;
      last = time;
      if (idle > LOST_AFTER_MS) this.faults.giveUp();
      else if (idle > SPIN_MS) crew.rest(REST_MS);
    }
  }
}
