import { util } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import { lanesForRows } from './bands.js';
import type { Runtime } from '../arrays/runtime.js';
import { LaneError } from '../arrays/lane-error.js';
import type { Token } from '../arrays/lanes.js';
import { OutOfMemoryError } from '../memory/heap.js';
import type { RowKernelName } from '../memory/kernels.js';
import type { Evaluation } from './evaluation.js';
import {
  addPartial,
  alignBytes,
  densify,
  missingOf,
  partialRows,
  speculate,
} from './materialize.js';
import { Fiber } from './fiber.js';
import type { Frame } from './fiber.js';
import { nodeOf } from './node.js';
import type { Demand, Fork, Request } from './node.js';
import { PixelSet } from './pixels.js';
import { LONGEST_CHAIN, Rows } from './rows.js';
import type { Producer } from './rows.js';
import type { Deferred, Storage } from './storage.js';
import { compute } from './stream.js';
import { View, channelsOf } from './view.js';

/** What an evaluation is for. */
export interface Purpose {
  /** Hears of every node that is computed whole, to be in memory, before a mask was looked at. */
  readonly foreseen: (node: Deferred) => void;
  /** Nobody has asked: tensors stay deferred. Hears of each that nobody asks for afterwards, either. */
  readonly wasted?: () => void;
}

const NO_FIBERS: ReadonlySet<Fiber> = new Set();

/**
 * One evaluation: walks from a storage that somebody reads to what it depends on, and computes just
 * the regions that are asked for. The walk keeps its own stacks, so that a chain of any depth will do.
 *
 * Branches that need not wait for one another are fibers. They take turns in an order that depends on
 * the graph alone, never on what the lanes have done by then: so regions, and the kernels chosen for
 * them, are the same on every run.
 */
export class Driver implements Evaluation {
  private readonly fibers = new Set<Fiber>();
  private current: Fiber | null = null;
  /** Fibers that can go on. */
  private readonly ready: Fiber[] = [];
  /** Fibers that wait for the lanes, the longest first. */
  private readonly waiting: Fiber[] = [];
  /** The nodes under way, each with its fiber. */
  private readonly underWay = new Map<Storage, Fiber>();
  /** The fibers that wait for what another one makes of a node. */
  private readonly others = new Map<Storage, Fiber[]>();
  /** The fiber in whose step an error was thrown. */
  private failed: Fiber | null = null;
  /** What is computed depends on values by now. */
  private hasLooked = false;

  constructor(
    readonly runtime: Runtime,
    root: Storage,
    private readonly purpose: Purpose,
  ) {
    const view = new View(root, root.shape);
    const fiber = this.begin(null, true, (rows) => {
      rows.release();
    });
    const missing = missingOf(root, this.all(view));
    this.enter(fiber, root, missing, { isLast: true, settles: false }, (rows) => {
      return this.complete(root, view, rows);
    });
  }

  /**
   * Runs until JavaScript has to wait for the lanes, or is to let others run: returns what it waits
   * for (0: nothing), or null at the end.
   * @param deadline when to let others run, on the clock of performance.now()
   */
  proceed(deadline = Infinity): Token | null {
    const { lanes } = this.runtime;
    for (;;) {
      if (deadline < Infinity && performance.now() > deadline) return 0;
      this.current ??= this.ready.shift() ?? null;
      if (!this.current) {
        const [next] = this.waiting;
        if (!next) return null;
        if (!lanes.isDone(next.token)) return next.token;
        this.waiting.shift();
        this.current = next;
      }
      lanes.isUrgent = this.current.isUrgent;
      try {
        if (!this.step(this.current)) this.current = null;
      } catch (error) {
        this.failed = this.current;
        throw error;
      }
    }
  }

  /**
   * Whoever reads what cannot be evaluated gets `error`: what waits for the fiber that failed, or all, if it was no
   * operation but a lane or the memory that failed. The rest stays deferred, but for what has lost its input.
   */
  fail(error: Error): void {
    const failed = this.fibersOf(error);
    for (const fiber of this.fibers) {
      for (const { storage, hasConsumed } of fiber.stack) {
        if (failed.has(fiber) || hasConsumed) storage.fail(error);
        else storage.isUnderWay = false;
      }
    }
  }

  /** The fibers whose nodes have the error. */
  private fibersOf(error: Error): ReadonlySet<Fiber> {
    const isOutOfMemory = error instanceof OutOfMemoryError;
    // Nobody has asked: when somebody does, there may be memory.
    if (isOutOfMemory && this.purpose.wasted) return NO_FIBERS;
    const isOfAll = isOutOfMemory || error instanceof LaneError;
    return this.failed && !isOfAll ? this.waitingFor(this.failed) : this.fibers;
  }

  /** A fiber and all that wait for it, directly or not. */
  private waitingFor(fiber: Fiber): ReadonlySet<Fiber> {
    const found = new Set([fiber]);
    for (let before = 0; before < found.size;) {
      before = found.size;
      for (const other of this.fibers) if (other.waitsFor(found)) found.add(other);
    }
    return found;
  }

  // Fibers. What takes a step returns whether the fiber can take another one at once.

  private begin(parent: Fiber | null, isLongest: boolean, end: (rows: Rows) => void): Fiber {
    const fiber = new Fiber(parent, isLongest, end);
    this.fibers.add(fiber);
    this.ready.push(fiber);
    return fiber;
  }

  private step(fiber: Fiber): boolean {
    const { demand, answer, top } = fiber;
    if (demand) {
      fiber.demand = null;
      return this.request(fiber, demand);
    }
    if (!top) {
      this.fibers.delete(fiber);
      if (answer) fiber.end(answer);
      return false;
    }
    const step = answer ? top.steps.next(answer) : (top.steps as Iterator<Request, Rows>).next();
    if (step.done) return this.leave(fiber, top, step.value);
    if ('settle' in step.value) {
      this.hasLooked = true;
      // It is looked at soon, and then the next of the fiber's work is known.
      this.runtime.lanes.isUrgent = true;
      fiber.answer = this.compute(step.value.settle);
      return this.settle(fiber);
    }
    if ('demands' in step.value) return this.fork(fiber, step.value);
    return this.request(fiber, step.value);
  }

  /** The fiber goes on once its answer is in memory, after others have had their turn. */
  private settle(fiber: Fiber): boolean {
    fiber.token = fiber.answer?.token ?? 0;
    this.waiting.push(fiber);
    return false;
  }

  private fork(fiber: Fiber, { demands, rows }: Fork): boolean {
    let open = demands.length;
    const longest = demands.reduce((a, b) => (b.view.depth > a.view.depth ? b : a));
    const branches = demands.map((demand, index) => {
      const branch: Fiber = this.begin(fiber, demand === longest, (answer) => {
        rows[index] = answer;
        if (--open === 0) {
          fiber.answer = answer;
          fiber.goOn();
          this.ready.push(fiber);
        } else {
          fiber.branchEnded(branch);
          // Compact rows are computed by themselves, whoever reads them: lanes do so while nothing is more urgent.
          if (!answer.set.isAll) this.compute(answer);
        }
      });
      branch.demand = demand;
      return branch;
    });
    fiber.awaitBranches(branches);
    return false;
  }

  /** Answers a demand where the values exist; else starts on the node behind it. */
  private request(fiber: Fiber, demand: Demand): boolean {
    const { view, want, whole = false } = demand;
    const { storage } = view;
    storage.check();
    const { speculated } = storage;
    if (speculated) this.foresee(nodeOf(storage));
    const { reader } = fiber;
    const isGuess = this.purpose.wasted !== undefined;
    if (isGuess) reader?.asked?.push(storage);
    else storage.claim();
    if (speculated && isGuess) {
      speculated.isRead = true;
      fiber.answer = Rows.ofView(view);
      return !whole || this.settle(fiber);
    }
    if (storage.isReady) {
      fiber.answer = Rows.ofView(view);
      return !whole || this.settle(fiber);
    }
    const owner = this.underWay.get(storage);
    if (owner) {
      fiber.awaitNode(demand, owner);
      const others = this.others.get(storage);
      if (others) others.push(fiber);
      else this.others.set(storage, [fiber]);
      return false;
    }
    // Where the channels differ, pixels of the view are no pixels of the node: ask for all of them.
    if (whole || view.channels !== channelsOf(storage)) {
      const missing = missingOf(storage, this.all(new View(storage, storage.shape)));
      return this.enter(fiber, storage, missing, { isLast: true, settles: whole }, (rows) =>
        this.complete(storage, view, rows, whole),
      );
    }
    if (reader?.isLast && storage.references === 1 && !storage.partial) {
      return this.enter(fiber, storage, want.retain(), { isLast: true, settles: false }, (rows) => {
        rows.origin = nodeOf(storage);
        storage.dropNode();
        reader.hasConsumed = true;
        return rows;
      });
    }
    const missing = missingOf(storage, want.retain());
    if (missing.count === 0) {
      missing.release();
      fiber.answer = partialRows(view);
      return true;
    }
    const isLast = missing.isAll;
    return this.enter(fiber, storage, missing, { isLast, settles: false }, (rows) => {
      if (missing.isAll) return this.complete(storage, view, rows);
      addPartial(storage, missing, rows);
      return storage.isReady ? Rows.ofView(view) : partialRows(view);
    });
  }

  /** All that was missing of a storage is computed: returns its rows as the view has them. */
  private complete(storage: Storage, view: View, rows: Rows, areWeights = false): Rows {
    const { wasted } = this.purpose;
    if (!storage.partial) this.foresee(nodeOf(storage));
    // Values of which a part is known stay in their block.
    if (wasted && storage.hasId && !storage.partial) speculate(storage, rows, areWeights, wasted);
    else densify(storage, rows);
    return Rows.ofView(view);
  }

  private foresee(node: Deferred | null): void {
    if (node && !this.hasLooked) this.purpose.foreseen(node);
  }

  private enter(
    fiber: Fiber,
    storage: Storage,
    want: PixelSet,
    { isLast, settles }: { isLast: boolean; settles: boolean },
    finish: (rows: Rows) => Rows,
  ): boolean {
    const node = nodeOf(storage);
    if (!node) throw new Error('a tensor that is computed has nothing to evaluate');
    const steps = node.primitive.evaluate(node, want, this);
    const asked = this.purpose.wasted ? [...storage.computedOf] : null;
    fiber.stack.push({ storage, want, steps, isLast, settles, hasConsumed: false, asked, finish });
    fiber.answer = null;
    this.underWay.set(storage, fiber);
    storage.isUnderWay = true;
    return true;
  }

  /** The topmost node of the fiber has its rows: its reader goes on with them. */
  private leave(fiber: Fiber, frame: Frame, rows: Rows): boolean {
    const { storage, want, settles, asked, finish } = frame;
    fiber.answer = finish(rows);
    if (asked) storage.computedOf = asked;
    want.release();
    fiber.pop();
    storage.isUnderWay = false;
    this.underWay.delete(storage);
    const others = this.others.get(storage);
    if (others) {
      this.others.delete(storage);
      for (const other of others) {
        other.goOn();
        this.ready.push(other);
      }
    }
    return !settles || this.settle(fiber);
  }

  // Evaluation.

  all(view: View): PixelSet {
    return PixelSet.all(this.runtime, view.pixels);
  }

  produce(set: PixelSet, channels: number, producer: Producer): Rows {
    // Longer chains are not held back: what this reads is computed first.
    for (const input of producer.inputs) if (input.chain >= LONGEST_CHAIN) this.compute(input);
    return Rows.pending(this.runtime, set, channels, producer);
  }

  none(want: PixelSet, view: { channels: number; dtype: View['dtype'] }): Rows {
    return Rows.none(this.runtime, want.total, view.channels, view.dtype);
  }

  align(rows: Rows, set: PixelSet): Rows {
    if (rows.set === set || (rows.set.isAll && set.isAll)) return rows;
    if (util.bytesPerElement(rows.dtype) !== 4) return alignBytes(rows, set);
    const aligned = Rows.pending(
      this.runtime,
      set,
      rows.channels,
      {
        kernel: 'rows_gather',
        command: new Command().channels(rows.channels),
        inputs: [rows],
        window: null,
        record: null,
      },
      rows.dtype,
    );
    return this.compute(aligned);
  }

  compute(rows: Rows): Rows {
    if (rows.isPending && rows.set.isAll) this.foresee(rows.origin);
    compute(rows);
    return rows;
  }

  run(
    kernel: RowKernelName,
    commands: readonly number[],
    rows: number,
    after: readonly Token[],
    cost = 0,
  ): Token {
    const { lanes } = this.runtime;
    return lanes.run(kernel, commands, rows, after, lanesForRows(rows, cost, lanes.ready));
  }
}
