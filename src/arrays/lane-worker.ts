/*
 * A lane in a worker: a Web Worker or one of Node's worker threads. It is told where the memory and
 * the kernels are, and from then on hears of work through the control block alone.
 */
import { ROW_KERNELS } from '../memory/kernels.js';
import type { Kernels } from '../memory/kernels.js';
import { Control, LaneState, LaneWord, isJobDone, laneAt } from './control.js';
import { Lane } from './lane.js';
import type { LaneSetup } from './lane-setup.js';

/** What the calling thread sends to a new worker. */
export interface WorkerSetup extends LaneSetup {
  readonly module: WebAssembly.Module;
  /** The name of a lock that the worker holds while it lives, where there are locks. */
  readonly lock: string;
}

/** What a worker sends to the calling thread. */
export type WorkerMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly kernel: string; readonly message: string };

/**
 * A lane without work looks for some for so long before it sleeps: to wake one takes 5 us, and until it
 * runs, where the whole machine was idle, a millisecond or two.
 */
const SPIN_MS = 0.05;
/** The same where there will be work soon; a caller that defers operations may never read them. */
const ALERT_SPIN_MS = 20;
/** A look that comes so late shows that others want the core: */
const LATE_MS = 0.5;
/** for so long it is left to them sooner. Whoever has work may be waiting for it. */
const CROWDED_MS = 200;
/** Looks at memory between two looks at the clock. */
const SPINS = 64;

/** Where the worker hears from and speaks to the calling thread. */
interface Port {
  listen(hear: (setup: WorkerSetup) => void): void;
  send(message: WorkerMessage): void;
  close(): void;
}

function portOf(): Port {
  const node = globalThis.process?.getBuiltinModule?.('node:worker_threads').parentPort;
  if (node) {
    return {
      listen: (hear) => node.once('message', hear),
      send: (message) => {
        node.postMessage(message);
      },
      close: () => {
        node.close();
      },
    };
  }
  return {
    listen: (hear) => {
      const heard = ({ data }: MessageEvent): void => {
        hear(data as WorkerSetup);
      };
      self.addEventListener('message', heard, { once: true });
    },
    send: (message) => {
      self.postMessage(message);
    },
    close: () => {
      self.close();
    },
  };
}

/** A memory as words, which grows at another thread's hands. */
function viewOf(memory: WebAssembly.Memory): () => Int32Array {
  let words = new Int32Array(memory.buffer);
  return () => {
    if (memory.buffer !== words.buffer) words = new Int32Array(memory.buffer);
    return words;
  };
}

/** Runs what is posted until it is told to stop. */
function work(setup: WorkerSetup, port: Port): void {
  const instance = new WebAssembly.Instance(setup.module, { env: { memory: setup.memory } });
  const kernels = instance.exports as unknown as Kernels;
  const lane = new Lane(
    setup,
    ROW_KERNELS.map((name) => kernels[name]),
    viewOf(setup.memory),
    (error, kernel) => {
      port.send({ kind: 'failed', kernel: ROW_KERNELS[kernel], message: String(error) });
    },
  );
  const base = setup.control >>> 2;
  const own = base + laneAt(setup.index);
  let words = lane.view();
  Atomics.store(words, own + LaneWord.Ready, 1);
  const ends = (): boolean =>
    Atomics.load(words, base + Control.Stop) !== 0 ||
    Atomics.load(words, own + LaneWord.Buried) !== 0;
  while (!ends()) {
    const event = Atomics.load(words, base + Control.Event);
    const worked = lane.step();
    words = lane.view();
    tellWhoWaits(words, base, port);
    if (!worked) idle(words, base, setup.index, event);
  }
  port.close();
}

/** Sends the message that the calling thread asked for, if what it waits for is done. */
function tellWhoWaits(words: Int32Array, base: number, port: Port): void {
  if (Atomics.load(words, base + Control.Waiting) === 0) return;
  if (!isJobDone(words, base, Atomics.load(words, base + Control.Target))) return;
  if (Atomics.compareExchange(words, base + Control.Waiting, 1, 0) === 1) {
    port.send({ kind: 'done' });
  }
}

/** Returns once there may be work: `Event` is not `event` any more. */
function idle(words: Int32Array, base: number, lane: number, event: number): void {
  const state = base + laneAt(lane) + LaneWord.State;
  const active = Atomics.load(words, base + Control.Active);
  if (lane >= active) {
    Atomics.store(words, state, LaneState.Resting);
    Atomics.wait(words, base + Control.Active, active);
  } else {
    Atomics.store(words, state, LaneState.Watching);
    if (!changes(words, base, event)) {
      Atomics.store(words, state, LaneState.Asleep);
      Atomics.wait(words, base + Control.Event, event);
    }
  }
  Atomics.store(words, state, LaneState.Awake);
}

/** Until when others are taken to want the core. */
let crowdedUntil = 0;

/** Watches `Event` for a while; whether it is not `event` any more. */
function changes(words: Int32Array, base: number, event: number): boolean {
  const begin = performance.now();
  let last = begin;
  for (;;) {
    for (let i = 0; i < SPINS; i++) {
      if (Atomics.load(words, base + Control.Event) !== event) return true;
    }
    const time = performance.now();
    if (time - last > LATE_MS) crowdedUntil = time + CROWDED_MS;
    last = time;
    const isAlert = Atomics.load(words, base + Control.Alert) !== 0 && time > crowdedUntil;
    if (time - begin > (isAlert ? ALERT_SPIN_MS : SPIN_MS)) return false;
  }
}

const isThread = typeof globalThis.process?.getBuiltinModule === 'function';
const port = portOf();
port.listen((setup) => {
  const begin = (): void => {
    port.send({ kind: 'started' });
    work(setup, port);
  };
  const { locks } = globalThis.navigator ?? {};
  // It never lets go by itself: the lock is free once the worker has ended, in whatever way.
  if (locks && !isThread) void locks.request(setup.lock, begin);
  else begin();
});
