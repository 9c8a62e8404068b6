import type { Heap } from '../memory/heap.js';
import { Control, LaneWord, laneAt } from './control.js';
import { EVENT_BYTES, lostEvents, takeEvents } from './events.js';
import type { LaneEvent } from './events.js';
import type { Clock } from './job.js';

/** A kernel call: what ran, for which layer, on which lane, when. */
export interface KernelCall extends LaneEvent {
  readonly lane: number;
  readonly clock: Clock | null;
}

/** Notes when the lanes ran what, while somebody wants to know. */
export class Recorder {
  private clocks: (Clock | null)[] = [];
  private readonly numbers = new Map<Clock, number>();
  private blocks: number[] = [];

  constructor(
    private readonly heap: Heap,
    private readonly base: number,
    private readonly words: () => Int32Array,
  ) {}

  get isOn(): boolean {
    return this.blocks.length > 0;
  }

  /** Begins to note what `lanes` lanes do, the calling thread's included. */
  begin(lanes: number): void {
    for (let lane = 0; lane < lanes; lane++) {
      const block = this.heap.allocate(EVENT_BYTES);
      this.blocks.push(block);
      const at = this.base + laneAt(lane);
      this.words()[at + LaneWord.Events] = block;
      this.words()[at + LaneWord.EventCount] = 0;
    }
    Atomics.store(this.words(), this.base + Control.Trace, lanes);
  }

  end(): void {
    Atomics.store(this.words(), this.base + Control.Trace, 0);
    for (const block of this.blocks) this.heap.free(block);
    this.blocks = [];
    this.clocks = [];
    this.numbers.clear();
  }

  /** The number under which lanes note a layer; -1 for none. */
  layerOf(clock: Clock | null): number {
    if (!clock || !this.isOn) return -1;
    let number = this.numbers.get(clock);
    if (number === undefined) {
      number = this.clocks.push(clock) - 1;
      this.numbers.set(clock, number);
    }
    return number;
  }

  /** Kernel calls that were not noted since `take` was last called: lanes had no room for more. */
  get lost(): number {
    return this.blocks.reduce(
      (lost, _, lane) => lost + lostEvents(this.words(), this.base + laneAt(lane)),
      0,
    );
  }

  /** What was noted since this was last called; call it while no lane works. */
  take(): KernelCall[] {
    const calls: KernelCall[] = [];
    this.blocks.forEach((_, lane) => {
      for (const event of takeEvents(this.words(), this.base + laneAt(lane))) {
        calls.push({ ...event, lane, clock: this.clocks[event.layer] ?? null });
      }
    });
    return calls.sort((a, b) => a.start - b.start);
  }
}
