import { Word } from '../../kernels/command.js';
import type { RowKernel } from '../memory/kernels.js';
import { Control, LaneWord, laneAt } from './control.js';
import { noteEvent, now } from './events.js';
import { InWorkspace, JobWord, StageWord, endOf, firstOf, stripRange } from './job.js';
import type { LaneSetup } from './lane-setup.js';

/** A lane takes one strip for so many that are free. */
const LEFT_FOR_ONE = 4;

const COMMAND_BYTES = Word.Count * 4;

/** A band that a lane has in hand: it takes strips from one end of it, and runs them, until none is free. */
export class Band {
  private readonly base: number;
  private readonly own: number;
  /** The slot of its job; -1 if the lane has no band. */
  slot = -1;
  /** The number of its job, as in the slot's words. */
  job = 0;
  private array = 0;
  private isFromBelow = false;
  /** No strip of the band was taken yet from this end. */
  private isFresh = false;
  // In the job's description, by words: the stages and how many there are, the borders of strips, the strips
  // that are free, and how many are taken at once.
  private stages = 0;
  private count = 0;
  private borders = 0;
  private free = 0;
  private most = 0;
  /** Addresses of the commands of the stages. */
  private readonly commands: number[] = [];

  /**
   * @param workspace the word of the lane that has the address of the workspace
   * @param fail hears of a kernel that trapped
   */
  constructor(
    private readonly setup: LaneSetup,
    private readonly workspace: number,
    private readonly kernels: readonly RowKernel[],
    private readonly view: () => Int32Array,
    private readonly fail: (error: unknown, kernel: number) => void,
  ) {
    this.base = setup.control >>> 2;
    this.own = this.base + laneAt(setup.index);
  }

  /**
   * Takes an end of a band in hand.
   * @param at the word where the job's description begins
   * @param array the PE array that the job belongs to
   */
  take(slot: number, at: number, end: number, array: number): void {
    const words = this.view();
    const bands = at + JobWord.Count;
    this.slot = slot;
    this.array = array;
    this.isFromBelow = (end & 1) === 1;
    this.isFresh = true;
    this.count = words[at + JobWord.Stages];
    this.most = words[at + JobWord.Most];
    this.free = bands + (end >> 1);
    this.stages = bands + words[at + JobWord.Bands];
    this.borders = this.stages + StageWord.Count * this.count;
    this.placeCommands(words);
  }

  /** Runs strips until none is free, or until `isOver` says so between two; returns whether none is. */
  run(isOver: () => boolean): boolean {
    const { base, own, kernels, stages, count, borders, isFromBelow } = this;
    const { scratch } = this.setup;
    const traces = Atomics.load(this.view(), base + Control.Trace) !== 0;
    // Only now: the memory may have grown for the events.
    const words = this.view();
    let kernel = 0;
    try {
      while (!isOver()) {
        const strips = this.takeStrips(words);
        if (strips === 0) return true;
        // Of the halo towards the strips that it took before, the lane has the rows already.
        const above = borders + (2 * firstOf(strips) + Number(isFromBelow || this.isFresh)) * count;
        const below = borders + (2 * endOf(strips) + Number(isFromBelow && !this.isFresh)) * count;
        this.isFresh = false;
        for (let stage = 0; stage < count; stage++) {
          const from = words[above + stage];
          const to = words[below + stage];
          if (to <= from) continue;
          const place = stages + StageWord.Count * stage;
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
      return false;
    } catch (error) {
      const failed = (this.setup.index << 16) | (kernel + 1);
      Atomics.compareExchange(words, base + Control.Failed, 0, failed);
      this.fail(error, kernel);
      return true;
    }
  }

  /**
   * The next strips from its end of the band: fewer the fewer are free, so that lanes that share a band are done at
   * about the same time. 0 if none is free.
   */
  private takeStrips(words: Int32Array): number {
    for (;;) {
      const range = Atomics.load(words, this.free);
      const first = firstOf(range);
      const end = endOf(range);
      if (first === end) return 0;
      const count = Math.min(this.most, Math.ceil((end - first) / LEFT_FOR_ONE));
      const middle = this.isFromBelow ? end - count : first + count;
      const above = stripRange(first, middle);
      const below = stripRange(middle, end);
      const rest = this.isFromBelow ? above : below;
      if (Atomics.compareExchange(words, this.free, range, rest) !== range) continue;
      return this.isFromBelow ? below : above;
    }
  }

  /** Finds the stages' commands; those with operands in the workspace are copied to it. */
  private placeCommands(words: Int32Array): void {
    const workspace = words[this.own + this.workspace];
    for (let stage = 0; stage < this.count; stage++) {
      const place = this.stages + StageWord.Count * stage;
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
}
