import { util } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Runtime } from '../arrays/runtime.js';
import type { Token } from '../arrays/lanes.js';
import type { RowKernelName } from '../memory/kernels.js';
import type { Evaluation } from './evaluation.js';
import { addPartial, alignBytes, densify, missingOf, partialRows } from './materialize.js';
import { nodeOf } from './node.js';
import type { Demand, Settlement, Steps } from './node.js';
import { PixelSet } from './pixels.js';
import { LONGEST_CHAIN, Rows } from './rows.js';
import type { Producer } from './rows.js';
import type { Storage } from './storage.js';
import { compute } from './stream.js';
import { View, channelsOf } from './view.js';

/** A node whose evaluation is under way. */
interface Frame {
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
 * One evaluation: walks from a storage that somebody reads to what it depends on, and computes just
 * the regions that are asked for. The walk keeps its own stack, so that a chain of any depth will do.
 */
export class Driver implements Evaluation {
  private readonly stack: Frame[] = [];
  /** What the topmost frame asked for; null when it has asked for nothing yet. */
  private answer: Rows | null = null;

  constructor(
    readonly runtime: Runtime,
    root: Storage,
  ) {
    const view = new View(root, root.shape);
    this.enter(root, missingOf(root, this.all(view)), { isLast: true, settles: false }, (rows) => {
      densify(root, rows);
      return Rows.ofView(view);
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
      const frame = this.stack[this.stack.length - 1];
      if (!frame) {
        this.answer?.release();
        this.answer = null;
        return null;
      }
      const step = this.answer
        ? frame.steps.next(this.answer)
        : (frame.steps as Iterator<Demand | Settlement, Rows>).next();
      let settles: boolean;
      if (step.done) {
        this.answer = frame.finish(step.value);
        frame.want.release();
        this.stack.pop();
        ({ settles } = frame);
      } else if ('settle' in step.value) {
        this.answer = this.compute(step.value.settle);
        settles = true;
      } else {
        this.answer = this.request(step.value);
        settles = step.value.whole ?? false;
      }
      if (settles && this.answer && !lanes.isDone(this.answer.token)) return this.answer.token;
    }
  }

  /** Whoever reads what was being evaluated gets `error`. */
  fail(error: Error): void {
    for (const { storage } of this.stack) storage.fail(error);
  }

  /** Answers a demand at once where the values exist; else (null) starts on the node behind it. */
  private request({ view, want, whole = false }: Demand): Rows | null {
    const { storage } = view;
    if (storage.isReady) return Rows.ofView(view);
    // Where the channels differ, pixels of the view are no pixels of the node: ask for all of them.
    if (whole || view.channels !== channelsOf(storage)) {
      const missing = missingOf(storage, this.all(new View(storage, storage.shape)));
      return this.enter(storage, missing, { isLast: true, settles: whole }, (rows) => {
        densify(storage, rows);
        return Rows.ofView(view);
      });
    }
    const reader = this.stack[this.stack.length - 1];
    if (reader?.isLast && storage.references === 1 && !storage.partial) {
      return this.enter(storage, want.retain(), { isLast: true, settles: false }, (rows) => {
        storage.dropNode();
        return rows;
      });
    }
    const missing = missingOf(storage, want.retain());
    if (missing.count === 0) {
      missing.release();
      return partialRows(view);
    }
    return this.enter(storage, missing, { isLast: missing.isAll, settles: false }, (rows) => {
      if (missing.isAll) densify(storage, rows);
      else addPartial(storage, missing, rows);
      return storage.isReady ? Rows.ofView(view) : partialRows(view);
    });
  }

  private enter(
    storage: Storage,
    want: PixelSet,
    { isLast, settles }: { isLast: boolean; settles: boolean },
    finish: (rows: Rows) => Rows,
  ): null {
    const node = nodeOf(storage);
    if (!node) throw new Error('a tensor that is computed has nothing to evaluate');
    const steps = node.primitive.evaluate(node, want, this);
    this.stack.push({ storage, want, steps, isLast, settles, finish });
    return null;
  }

  // Evaluation.

  all(view: View): PixelSet {
    return PixelSet.all(this.runtime, view.pixels);
  }

  produce(set: PixelSet, channels: number, producer: Producer): Rows {
    // Longer chains are not held back: what this reads is computed first.
    for (const input of producer.inputs) if (input.chain >= LONGEST_CHAIN) compute(input);
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
    compute(rows);
    return rows;
  }

  run(kernel: RowKernelName, command: number, from: number, to: number): Token {
    return this.runtime.lanes.run(kernel, command, from, to);
  }
}
