import type { Token } from '../arrays/lanes.js';
import type { Demand, Steps } from './node.js';
import type { PixelSet } from './pixels.js';
import type { Rows } from './rows.js';
import type { Storage } from './storage.js';

/** A node whose evaluation is under way. */
export interface Frame {
  readonly storage: Storage;
  readonly want: PixelSet;
  readonly steps: Steps;
  /** The node is not evaluated again, for another region, so what it alone reads may be dropped. */
  readonly isLast: boolean;
  /** The reader's next step is JavaScript's: the values must be in memory by then. */
  readonly settles: boolean;
  /** Something that the node alone read is gone: it cannot be evaluated again. */
  hasConsumed: boolean;
  /** What the node asked for, where nobody has asked for the node itself. */
  readonly asked: Storage[] | null;
  /** Turns the rows of the node into those that the reader receives. */
  readonly finish: (rows: Rows) => Rows;
}

/**
 * A line of an evaluation that waits by itself: the nodes that are under way, each for the one before
 * it. Fibers of one evaluation take turns on the calling thread, so that a branch of a network is
 * prepared while another waits for the lanes.
 *
 * A fiber is urgent if the longest of the branches under way depends on it: as one of those, or because an urgent one
 * waits for a node that happens to be under way here (priority inheritance).
 */
export class Fiber {
  readonly stack: Frame[] = [];
  /** What the topmost frame asked for; null when it has asked for nothing yet. */
  answer: Rows | null = null;
  /** When the answer is in memory, for a fiber that waits for that. */
  token: Token = 0;
  /** A demand that is still to be answered. */
  demand: Demand | null = null;
  /** The branches that it waits for. */
  private branches: readonly Fiber[] = [];
  /** The fiber that has the node under way which it waits for. */
  private owner: Fiber | null = null;
  private urgentAlways: boolean;
  /** The lowest frame that an urgent fiber waits for. */
  private urgentFrom = Infinity;

  /**
   * @param parent the fiber that it is a branch of; null where JavaScript reads its rows
   * @param isLongest of the branches
   * @param end takes its rows
   */
  constructor(
    private readonly parent: Fiber | null,
    private readonly isLongest: boolean,
    readonly end: (rows: Rows) => void,
  ) {
    this.urgentAlways = isLongest && (parent?.isUrgent ?? true);
  }

  get top(): Frame | undefined {
    return this.stack[this.stack.length - 1];
  }

  /** The node that asks next; absent where JavaScript does. */
  get reader(): Frame | undefined {
    return this.top ?? this.parent?.top;
  }

  /** The longest of the branches under way depends on what it does now. */
  get isUrgent(): boolean {
    return this.urgentAlways || this.stack.length > this.urgentFrom;
  }

  /** The topmost node has its rows. */
  pop(): void {
    this.stack.pop();
    if (this.stack.length <= this.urgentFrom) this.urgentFrom = Infinity;
  }

  /** Waits for branches. */
  awaitBranches(branches: readonly Fiber[]): void {
    this.branches = branches;
  }

  /** One of its branches has come to its end: if the longest has, those that are left are what it waits for. */
  branchEnded(ended: Fiber): void {
    this.branches = this.branches.filter((branch) => branch !== ended);
    if (ended.isLongest && this.isUrgent) this.hurry();
  }

  /** Waits for the node of `demand`, which is under way elsewhere. */
  awaitNode(demand: Demand, owner: Fiber): void {
    this.demand = demand;
    this.owner = owner;
    if (this.isUrgent) this.hurry();
  }

  /** Whether it waits for one of `fibers`. */
  waitsFor(fibers: ReadonlySet<Fiber>): boolean {
    if (this.owner && fibers.has(this.owner)) return true;
    return this.branches.some((branch) => fibers.has(branch));
  }

  /** What it waited for is there. */
  goOn(): void {
    this.branches = NO_BRANCHES;
    this.owner = null;
  }

  /** What it waits for is urgent. */
  private hurry(): void {
    const longest = this.branches.find(({ isLongest }) => isLongest);
    for (const branch of longest ? [longest] : this.branches) branch.becomeUrgent();
    const { owner, demand } = this;
    if (owner && demand) owner.becomeUrgentFrom(demand.view.storage);
  }

  private becomeUrgent(): void {
    if (this.urgentAlways) return;
    this.urgentAlways = true;
    this.hurry();
  }

  private becomeUrgentFrom(storage: Storage): void {
    const frame = this.stack.findIndex((under) => under.storage === storage);
    if (this.isUrgent && frame >= this.urgentFrom) return;
    this.urgentFrom = Math.min(this.urgentFrom, frame);
    this.hurry();
  }
}

const NO_BRANCHES: readonly Fiber[] = [];
