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
  /** Turns the rows of the node into those that the reader receives. */
  readonly finish: (rows: Rows) => Rows;
}

/**
 * A line of an evaluation that waits by itself: the nodes that are under way, each for the one before
 * it. Fibers of one evaluation take turns on the calling thread, so that a branch of a network is
 * prepared while another waits for the lanes.
 */
export class Fiber {
  readonly stack: Frame[] = [];
  /** What the topmost frame asked for; null when it has asked for nothing yet. */
  answer: Rows | null = null;
  /** When the answer is in memory, for a fiber that waits for that. */
  token: Token = 0;
  /** A demand that is still to be answered. */
  demand: Demand | null = null;

  /**
   * @param isUrgent the longest of the branches under way depends on it
   * @param reader the node that the fiber's rows are for; absent where JavaScript reads them
   * @param end takes those rows
   */
  constructor(
    readonly isUrgent: boolean,
    readonly reader: Frame | undefined,
    readonly end: (rows: Rows) => void,
  ) {}

  get top(): Frame | undefined {
    return this.stack[this.stack.length - 1];
  }
}
