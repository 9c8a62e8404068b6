import { ROW_KERNELS, SCRATCH_BYTES } from '../memory/kernels.js';
import type { Kernels } from '../memory/kernels.js';
import type { Heap } from '../memory/heap.js';
import { Control, LaneState, LaneWord, MOST_LANES, controlBytes, laneAt } from './control.js';
import { Lane } from './lane.js';
import { arrayOfLane } from './lane-setup.js';
import type { LaneSetup } from './lane-setup.js';
import type { WorkerMessage } from './lane-worker.js';
import { Workers } from './workers.js';

/** A lane that has two bands in hand needs two. */
const WORKSPACES = [LaneWord.Workspace, LaneWord.UrgentWorkspace] as const;

/** What lanes run on. */
export interface CrewSetup {
  readonly memory: WebAssembly.Memory;
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** What workers start the kernels from. */
  readonly module: WebAssembly.Module;
}

/** What the owner of the lanes hears. */
export interface CrewEvents {
  /** A kernel, by its number, trapped on the calling thread. */
  onTrap: (kernel: number, error: unknown) => void;
  onMessage: (lane: number, message: WorkerMessage) => void;
  /** A worker ended though nobody told it to. */
  onEnd: (lane: number, reason: string) => void;
}

/** Whether this thread may sleep on shared memory. */
function canWait(words: Int32Array, at: number): boolean {
  try {
    Atomics.wait(words, at, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** Who works: the calling thread and the workers, each with a scratch memory and a workspace. */
export class Crew {
  /** The calling thread's lane. */
  readonly own: Lane;
  /** The threads of all lanes but the calling thread's. */
  readonly workers: Workers;
  /** The word where the control block begins. */
  readonly base: number;
  /** The calling thread takes bands. */
  callerHelps = true;
  private readonly control: number;
  private readonly scratches: number[] = [];
  private lanes = 1;
  private hasSpareCore = false;
  private workspaceBytes = 0;
  /** The calling thread may sleep; null until it was tried. */
  private canRest: boolean | null = null;

  constructor(
    private readonly setup: CrewSetup,
    { onTrap, onMessage, onEnd }: CrewEvents,
  ) {
    const { heap, kernels, module } = setup;
    const bytes = controlBytes(MOST_LANES + 1);
    // From the beginning of a cache line on, so that no other block shares one.
    this.control = (heap.allocate(bytes + 63) + 63) & ~63;
    this.base = this.control >>> 2;
    heap.fill(this.control, 0, bytes);
    this.own = new Lane(
      this.setupOf(0),
      ROW_KERNELS.map((name) => kernels[name]),
      // Only the calling thread lets the memory grow, and its heap has looked by then.
      () => heap.i32,
      (error, kernel) => {
        onTrap(kernel, error);
      },
    );
    this.workers = new Workers({
      setupOf: (lane) => ({ ...this.setupOf(lane), module, lock: lockName() }),
      onMessage,
      onEnd,
    });
    this.setHelp(true);
  }

  /** The memory as words. */
  view(): Int32Array {
    return this.own.view();
  }

  /**
   * Starts workers until `lanes` threads work in all, on so many cores, where memory can be shared.
   * @throws OutOfMemoryError; then as many work as before
   */
  start(lanes: number, cores: number): void {
    if (this.setup.memory.buffer instanceof ArrayBuffer) return;
    const count = Math.min(lanes, MOST_LANES);
    // Memory for the worker that stands in for the calling thread, too, though it starts later.
    for (let lane = 1; lane <= count && count > 1; lane++) this.setupOf(lane);
    // New lanes need a workspace, too.
    if (this.workspaceBytes > 0) this.placeWorkspaces(count, this.workspaceBytes);
    this.hasSpareCore = lanes < cores;
    this.lanes = count;
    this.workers.start(this.lanes - 1);
    this.setHelp(this.callerHelps);
  }

  /** Leaves the core to others, for that long at most; a page's main thread must not, and returns at once. */
  rest(milliseconds: number): void {
    const words = this.view();
    const at = this.base + Control.Done;
    this.canRest ??= canWait(words, at);
    if (this.canRest) Atomics.wait(words, at, Atomics.load(words, at), milliseconds);
  }

  stop(): void {
    Atomics.store(this.view(), this.base + Control.Stop, 1);
    this.setActive(0);
    this.workers.stop();
    this.lanes = 1;
  }

  /** Whether the calling thread takes bands, or one more worker in its place. */
  setHelp(callerHelps: boolean): void {
    this.callerHelps = callerHelps;
    // On one lane no worker takes bands: one that is left of more lanes has no workspace.
    const isReplaced = !callerHelps && this.lanes > 1;
    if (isReplaced) this.workers.start(this.lanes);
    this.setActive(this.lanes + Number(isReplaced));
  }

  /** Whether the calling thread takes bands: it helps, or nobody else could take any. */
  get callerWorks(): boolean {
    return this.callerHelps || this.ready === 0;
  }

  /** Whether a worker can take the calling thread's place: there is a core for it. */
  get canStandIn(): boolean {
    return this.hasSpareCore && this.ready > 0;
  }

  /** Lets lanes from this number on rest. */
  setActive(lanes: number): void {
    const words = this.view();
    if (Atomics.exchange(words, this.base + Control.Active, lanes) === lanes) return;
    Atomics.notify(words, this.base + Control.Active);
    // Who sleeps until there is work, and is to rest now, would be woken in another's place.
    Atomics.add(words, this.base + Control.Event, 1);
    Atomics.notify(words, this.base + Control.Event);
  }

  /** Whether no worker looks for work: all that run are asleep. */
  get isAsleep(): boolean {
    const words = this.view();
    for (let lane = 1; lane <= this.workers.count; lane++) {
      const at = this.base + laneAt(lane);
      const isRunning = Atomics.load(words, at + LaneWord.Ready) === 1;
      if (isRunning && Atomics.load(words, at + LaneWord.State) < LaneState.Asleep) return false;
    }
    return true;
  }

  /** Whether no worker that takes bands is asleep. */
  get isAwake(): boolean {
    const words = this.view();
    const end = Math.min(this.workers.count + 1, words[this.base + Control.Active]);
    for (let lane = 1; lane < end; lane++) {
      const state = Atomics.load(words, this.base + laneAt(lane) + LaneWord.State);
      if (state === LaneState.Asleep) return false;
    }
    return true;
  }

  /** Threads that take bands of what is posted now; 0 when only the calling thread could. */
  get ready(): number {
    if (this.workers.count === 0) return 0;
    const words = this.view();
    let ready = 0;
    for (let lane = 1; lane <= this.workers.count; lane++) {
      if (lane < words[this.base + Control.Active]) {
        ready += Atomics.load(words, this.base + laneAt(lane) + LaneWord.Ready);
      }
    }
    return ready > 0 && this.callerHelps ? ready + 1 : ready;
  }

  /** Grows while any worker makes progress. */
  get beats(): number {
    const words = this.view();
    let sum = Atomics.load(words, this.base + Control.Done);
    for (let lane = 1; lane <= this.workers.count; lane++) {
      sum = (sum + words[this.base + laneAt(lane) + LaneWord.Beat]) | 0;
    }
    return sum;
  }

  /**
   * Gives each lane workspaces of at least so many bytes.
   * @throws OutOfMemoryError; then all keep those that they have
   */
  reserve(bytes: number): void {
    if (bytes > this.workspaceBytes) this.placeWorkspaces(this.lanes, bytes);
  }

  private placeWorkspaces(lanes: number, bytes: number): void {
    const { heap } = this.setup;
    const last = lanes > 1 ? lanes : 0;
    const blocks: number[] = [];
    try {
      while (blocks.length < WORKSPACES.length * (last + 1)) blocks.push(heap.allocate(bytes));
    } catch (error) {
      for (const block of blocks) heap.free(block);
      throw error;
    }
    blocks.forEach((block, index) => {
      const lane = laneAt(Math.floor(index / WORKSPACES.length));
      const place = this.base + lane + WORKSPACES[index % WORKSPACES.length];
      const before = Atomics.exchange(this.view(), place, block);
      // A lane may be at work in it: the fence keeps it until then.
      if (before !== 0) heap.free(before >>> 0);
    });
    this.workspaceBytes = bytes;
  }

  private setupOf(index: number): LaneSetup {
    const { control } = this;
    const { memory, heap } = this.setup;
    const scratch = (this.scratches[index] ??= heap.allocate(SCRATCH_BYTES));
    return { memory, control, index, array: arrayOfLane(index), scratch };
  }
}

let locks = 0;

/** A name that no other lane has, in this page or in another of the same origin. */
function lockName(): string {
  return `tfjs-backend-dynconv ${Date.now()} ${Math.random()} ${locks++}`;
}
