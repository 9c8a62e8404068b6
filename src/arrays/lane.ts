import type { RowKernel } from '../memory/kernels.js';
import { Control, LaneWord, Slot } from './control.js';
import { MOST_LANES, bandOf, canStart, isClaimOf, laneAt, signal, slotAt } from './control.js';
import { Word } from '../../kernels/command.js';
import { noteEvent, now } from './events.js';
import { InWorkspace, StageWord } from './job.js';

/** What a lane is made of; all of it can be sent to a worker but the kernels. */
export interface LaneSetup {
  readonly memory: WebAssembly.Memory;
  /** Address of the control block. */
  readonly control: number;
  /** The lane's number; 0 is the calling thread. */
  readonly index: number;
  /** The PE array whose jobs it prefers. */
  readonly array: 0 | 1;
  /** Address of its scratch memory. */
  readonly scratch: number;
}

const COMMAND_BYTES = Word.Count * 4;

/** What a lane is busy with that has a band but is in no kernel. */
const BETWEEN_KERNELS = -1;

/** The PE array that a lane belongs to: its jobs come first, then those of the other array. */
export function arrayOfLane(lane: number): 0 | 1 {
  return lane % 2 === 0 ? 0 : 1;
}

/** One lane of the PE arrays: takes bands of the jobs that are posted, and runs them. */
export class Lane {
  private readonly base: number;
  private readonly own: number;
  /** The PE array of the job that it runs. */
  array = 0;
  /** The claim word of the job that it chose. */
  private claim = 0;
  /** Addresses of the commands of the stages that it runs. */
  private readonly commands: number[] = [];
  /** When it lays its band aside, between two strips, on the clock of performance.now(). */
  end = Infinity;
  /** The slot of the job that it has a band of, or -1. */
  private slot = -1;
  // That band: its stages, and where in memory the first of them, the next strip and the band's end lie.
  private stages = 0;
  private first = 0;
  private ends = 0;
  private afterLast = 0;

  /**
   * @param view the memory as words; another array when it has grown
   * @param fail hears of a kernel that trapped
   */
  constructor(
    private readonly setup: LaneSetup,
    private readonly kernels: readonly RowKernel[],
    readonly view: () => Int32Array,
    private readonly fail: (error: unknown, kernel: number) => void,
  ) {
    this.base = setup.control >>> 2;
    this.own = this.base + laneAt(setup.index);
  }

  /**
   * Takes a band of a job that can run, and runs it, or goes on with the one that it has; false if there
   * is none for this lane.
   */
  step(): boolean {
    const words = this.view();
    const { base } = this;
    if (this.slot >= 0) {
      this.goOn();
      return true;
    }
    if (this.setup.index >= Atomics.load(words, base + Control.Active)) return false;
    for (;;) {
      const slot = this.choose(words);
      if (slot < 0) return false;
      // Another job may be in the slot by now: then its number in the claim is another, too.
      Atomics.store(words, this.own + LaneWord.Busy, BETWEEN_KERNELS);
      const { claim } = this;
      if (Atomics.compareExchange(words, slot + Slot.Claim, claim, claim + 1) !== claim) {
        Atomics.store(words, this.own + LaneWord.Busy, 0);
        continue;
      }
      this.array = words[slot + Slot.Array];
      this.slot = slot;
      this.begin(words[slot + Slot.Job] >>> 2, bandOf(claim));
      this.goOn();
      return true;
    }
  }

  /** Runs the band that it has, to its end or until it is to be laid aside. */
  private goOn(): void {
    if (!this.runStrips(this.end)) return;
    const words = this.view();
    if (Atomics.sub(words, this.slot + Slot.Left, 1) === 1) this.advance(words);
    this.drop();
  }

  /** Gives up the band that it has, if any. */
  drop(): void {
    this.slot = -1;
    Atomics.store(this.view(), this.own + LaneWord.Busy, 0);
  }

  /**
   * The slot of the job to take a band of, whose claim is noted, or -1. Urgent jobs come first, then
   * those of the lane's own array, then older ones.
   */
  private choose(words: Int32Array): number {
    const { base } = this;
    const head = Atomics.load(words, base + Control.Head);
    let best = -1;
    let most = -1;
    let isUrgentUnderWay = false;
    for (let job = Atomics.load(words, base + Control.Done); job !== head; job = (job + 1) | 0) {
      const slot = base + slotAt(job);
      if (Atomics.load(words, slot + Slot.Left) === 0) continue;
      const rank =
        2 * words[slot + Slot.Urgent] + Number(words[slot + Slot.Array] === this.setup.array);
      if (rank <= most || !canStart(words, base, slot)) continue;
      const claim = Atomics.load(words, slot + Slot.Claim);
      if (!isClaimOf(claim, job)) continue;
      if (bandOf(claim) >= words[slot + Slot.Bands]) {
        isUrgentUnderWay ||= rank > 1;
        continue;
      }
      best = slot;
      most = rank;
      this.claim = claim;
    }
    // The calling thread goes on as soon as what is urgent is done: it must not be in a long band then.
    return this.setup.index === 0 && most < 2 && isUrgentUnderWay ? -1 : best;
  }

  /** Runs a band of the job whose description begins at word `at`. */
  run(at: number, band: number): void {
    this.begin(at, band);
    this.runStrips(Infinity);
  }

  /** Prepares a band of the job whose description begins at word `at`. */
  private begin(at: number, band: number): void {
    const words = this.view();
    this.stages = words[at];
    this.first = at + 1;
    const start = at + words[this.first + StageWord.Count * this.stages + band];
    // The first rows lie just before the ends of the first strip.
    this.ends = start + 1 + this.stages;
    this.afterLast = this.ends + words[start] * this.stages;
    this.fillCommands(words, this.first, this.stages);
  }

  /** Runs what is left of a band, strip by strip, at most until `end`; whether that was all. */
  private runStrips(end: number): boolean {
    const words = this.view();
    const { base, own, kernels, stages, first } = this;
    const { scratch } = this.setup;
    const traces = Atomics.load(words, base + Control.Trace) !== 0;
    let kernel = 0;
    try {
      for (; this.ends < this.afterLast; this.ends += stages) {
        if (end < Infinity && performance.now() > end) return false;
        for (let stage = 0; stage < stages; stage++) {
          const row = this.ends + stage;
          const to = words[row];
          const from = words[row - stages];
          if (to <= from) continue;
          const place = first + StageWord.Count * stage;
          kernel = words[place + StageWord.Kernel];
          Atomics.store(words, own + LaneWord.Busy, kernel + 1);
          words[own + LaneWord.Beat]++;
          const began = traces ? now() : 0;
          kernels[kernel](this.commands[stage], from, to, scratch);
          if (traces) {
            const layer = words[place + StageWord.Layer];
            noteEvent(words, own, layer, kernel, this.array, to - from, began);
          }
        }
      }
    } catch (error) {
      const failed = (this.setup.index << 16) | (kernel + 1);
      Atomics.compareExchange(words, base + Control.Failed, 0, failed);
      this.fail(error, kernel);
    }
    return true;
  }

  /** The addresses of the stages' commands, those with operands in this lane's workspace copied to it. */
  private fillCommands(words: Int32Array, first: number, stages: number): void {
    const workspace = words[this.own + LaneWord.Workspace];
    for (let stage = 0; stage < stages; stage++) {
      const place = first + StageWord.Count * stage;
      const command = words[place + StageWord.Command];
      const flags = words[place + StageWord.InWorkspace];
      if (flags === 0) {
        this.commands[stage] = command;
        continue;
      }
      const copy = workspace + stage * COMMAND_BYTES;
      const from = command >>> 2;
      words.copyWithin(copy >>> 2, from, from + Word.Count);
      if (flags & InWorkspace.Input) words[(copy >>> 2) + Word.InBase] += workspace;
      if (flags & InWorkspace.SecondInput) words[(copy >>> 2) + Word.In2Base] += workspace;
      if (flags & InWorkspace.Output) words[(copy >>> 2) + Word.OutBase] += workspace;
      this.commands[stage] = copy;
    }
  }

  /** Counts the jobs that are done, in order, and tells whoever waits. */
  private advance(words: Int32Array): void {
    const { base } = this;
    for (;;) {
      const done = Atomics.load(words, base + Control.Done);
      if (done === Atomics.load(words, base + Control.Head)) break;
      const slot = base + slotAt(done);
      if (Atomics.load(words, slot + Slot.Left) !== 0) break;
      if (!isClaimOf(Atomics.load(words, slot + Slot.Claim), done)) continue;
      Atomics.compareExchange(words, base + Control.Done, done, (done + 1) | 0);
    }
    // What is left may have waited for what is done.
    if (Atomics.load(words, base + Control.Done) === Atomics.load(words, base + Control.Head))
      return;
    signal(words, base, MOST_LANES);
  }
}
