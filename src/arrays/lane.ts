import type { RowKernel } from '../memory/kernels.js';
import { Band } from './band.js';
import { Control, LaneWord, MOST_LANES, Slot } from './control.js';
import { canStart, freeEnd, isClaimOf, laneAt, numberOf, signal, slotAt } from './control.js';
import { endDone, endsLeft, withEnd } from './control.js';
import { JobWord } from './job.js';
import type { LaneSetup } from './lane-setup.js';

/** What a lane is busy with that has a band but is in no kernel. */
const BETWEEN_KERNELS = -1;

const never = (): boolean => false;

/**
 * One lane of the PE arrays: takes bands of the jobs that are posted, and runs them. A band of an urgent job it
 * takes even if it has another in hand, which it lays aside between two strips.
 */
export class Lane {
  private readonly base: number;
  private readonly own: number;
  private readonly urgent: Band;
  private readonly other: Band;
  /** The claim word of the job that it chose. */
  private claim = 0;
  /** All ends of an urgent job are taken, and it is not done. */
  private isUrgentUnderWay = false;
  /** Whether to lay aside what it has in hand, between two strips. */
  isOver = never;
  private readonly isOverForNow = (): boolean => this.isOver() || this.isUrgentFirst();

  /**
   * @param view the memory as words; another array when it has grown
   * @param fail hears of a kernel that trapped
   */
  constructor(
    private readonly setup: LaneSetup,
    kernels: readonly RowKernel[],
    readonly view: () => Int32Array,
    fail: (error: unknown, kernel: number) => void,
  ) {
    this.base = setup.control >>> 2;
    this.own = this.base + laneAt(setup.index);
    this.urgent = new Band(setup, LaneWord.UrgentWorkspace, kernels, view, fail);
    this.other = new Band(setup, LaneWord.Workspace, kernels, view, fail);
  }

  /**
   * Takes a band of a job that can run, and runs it, or goes on with one that it has; false if there
   * is none for this lane.
   */
  step(): boolean {
    const words = this.view();
    const { urgent, other } = this;
    while (urgent.slot < 0) {
      const slot = this.choose(words);
      const isUrgent = slot >= 0 && words[slot + Slot.Urgent] !== 0;
      if (!isUrgent && this.waitsForUrgent) return false;
      if (!isUrgent && other.slot >= 0) break;
      if (slot < 0) return false;
      if (this.claimEnd(words, slot, isUrgent ? urgent : other)) break;
    }
    if (urgent.slot >= 0) this.goOn(urgent, this.isOver);
    else this.goOn(other, this.isOverForNow);
    return true;
  }

  /** Whether it has a band in hand. */
  get hasBand(): boolean {
    return this.urgent.slot >= 0 || this.other.slot >= 0;
  }

  /** Goes on with a band that it has, and takes none; false if it has none. */
  finish(): boolean {
    if (!this.hasBand) return false;
    this.goOn(this.urgent.slot >= 0 ? this.urgent : this.other, this.isOver);
    return true;
  }

  /** Runs the job whose description begins at word `at`, alone. */
  runAll(at: number, array: 0 | 1): void {
    const bands = this.view()[at + JobWord.Bands];
    for (let band = 0; band < bands; band++) {
      this.other.take(-1, at, 2 * band, array);
      this.other.run(never);
    }
  }

  /** Gives up the bands that it has, if any. */
  drop(): void {
    this.urgent.slot = -1;
    this.other.slot = -1;
    Atomics.store(this.view(), this.own + LaneWord.Busy, 0);
  }

  /** Takes an end of the job that was chosen; false if others were faster. */
  private claimEnd(words: Int32Array, slot: number, band: Band): boolean {
    const { claim } = this;
    const end = freeEnd(claim, words[slot + Slot.Ends], this.setup.index);
    if (end < 0) return false;
    // Another job may be in the slot by now: then its number in the claim is another, too.
    Atomics.store(words, this.own + LaneWord.Busy, BETWEEN_KERNELS);
    const taken = withEnd(claim, end);
    if (Atomics.compareExchange(words, slot + Slot.Claim, claim, taken) !== claim) {
      this.rest(words);
      return false;
    }
    band.job = numberOf(claim);
    band.take(slot, words[slot + Slot.Job] >>> 2, end, words[slot + Slot.Array]);
    return true;
  }

  /** Runs a band to its end, or until it is to be laid aside. */
  private goOn(band: Band, isOver: () => boolean): void {
    if (!band.run(isOver)) return;
    const words = this.view();
    if (endDone(words, band.slot, band.job)) this.advance(words);
    band.slot = -1;
    this.rest(words);
  }

  /** Says that it has no band in hand any more, if that is so. */
  private rest(words: Int32Array): void {
    Atomics.store(words, this.own + LaneWord.Busy, this.hasBand ? BETWEEN_KERNELS : 0);
  }

  /** The calling thread goes on as soon as what is urgent is done: it must not be in a long strip then. */
  private get waitsForUrgent(): boolean {
    return this.setup.index === 0 && this.isUrgentUnderWay;
  }

  /** Whether something urgent comes before the band that is not. */
  private isUrgentFirst(): boolean {
    const words = this.view();
    const slot = this.choose(words);
    return this.waitsForUrgent || (slot >= 0 && words[slot + Slot.Urgent] !== 0);
  }

  /**
   * The slot of the job to take a band of, whose claim is noted, or -1. Urgent jobs come first, then
   * those of the lane's own array, then older ones.
   */
  private choose(words: Int32Array): number {
    const { base } = this;
    // In this order: for what is posted after a lane was told to rest, it has no workspace.
    const head = Atomics.load(words, base + Control.Head);
    if (this.setup.index >= Atomics.load(words, base + Control.Active)) return -1;
    let best = -1;
    let most = -1;
    this.isUrgentUnderWay = false;
    for (let job = Atomics.load(words, base + Control.Done); job !== head; job = (job + 1) | 0) {
      const slot = base + slotAt(job);
      if (endsLeft(words, slot) === 0) continue;
      const isUrgent = words[slot + Slot.Urgent];
      const rank = 2 * isUrgent + Number(words[slot + Slot.Array] === this.setup.array);
      if (rank < most + isUrgent || !canStart(words, base, slot)) continue;
      const claim = Atomics.load(words, slot + Slot.Claim);
      if (!isClaimOf(claim, job)) continue;
      if (freeEnd(claim, words[slot + Slot.Ends], 0) < 0) {
        this.isUrgentUnderWay ||= rank > 1;
        continue;
      }
      best = slot;
      most = rank;
      this.claim = claim;
    }
    // Last: as it was not buried when it read the claim, that was closed before another job was posted.
    return Atomics.load(words, this.own + LaneWord.Buried) === 0 ? best : -1;
  }

  /** Counts the jobs that are done, in order, and tells whoever waits. */
  private advance(words: Int32Array): void {
    const { base } = this;
    for (;;) {
      const done = Atomics.load(words, base + Control.Done);
      if (done === Atomics.load(words, base + Control.Head)) break;
      const slot = base + slotAt(done);
      if (endsLeft(words, slot) !== 0) break;
      if (!isClaimOf(Atomics.load(words, slot + Slot.Claim), done)) continue;
      Atomics.compareExchange(words, base + Control.Done, done, (done + 1) | 0);
    }
    // What is left may have waited for what is done.
    if (Atomics.load(words, base + Control.Done) === Atomics.load(words, base + Control.Head))
      return;
    signal(words, base, MOST_LANES);
  }
}
