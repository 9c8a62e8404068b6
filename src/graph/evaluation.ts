import { util } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Runtime } from '../memory/runtime.js';
import type { Demand, Steps } from './node.js';
import { View, channelsOf } from './node.js';
import { PixelSet } from './pixels.js';
import { LONGEST_CHAIN, Rows } from './rows.js';
import type { Producer } from './rows.js';
import { addPartial, alignBytes, densify, missingOf, partialRows } from './materialize.js';
import type { Storage } from './storage.js';
import { compute } from './stream.js';

/** A node whose evaluation is under way. */
interface Frame {
  readonly storage: Storage;
  readonly want: PixelSet;
  readonly steps: Steps;
  /** The node is not evaluated again, for another region, so what it alone reads may be dropped. */
  readonly isLast: boolean;
  /** Turns the rows of the node into those that the reader receives. */
  readonly finish: (rows: Rows) => Rows;
}

/**
 * One evaluation: walks from a storage that somebody reads to what it depends on, and computes just
 * the regions that are asked for. The walk keeps its own stack, so that a chain of any depth will do.
 */
export class Evaluation {
  private readonly stack: Frame[] = [];

  private constructor(readonly runtime: Runtime) {}

  /**
   * Makes `storage` ready: all of its values in memory.
   * @throws OutOfMemoryError; then, and at every later read, for what was being evaluated
   */
  static force(storage: Storage): void {
    if (storage.isReady) return;
    const evaluation = new Evaluation(storage.runtime);
    try {
      evaluation.run(storage);
    } catch (error) {
      for (const frame of evaluation.stack) frame.storage.fail(error as Error);
      throw error;
    } finally {
      storage.runtime.endEvaluation();
    }
  }

  private run(root: Storage): void {
    const view = new View(root, root.shape);
    let answer: Rows | null = this.enter(root, missingOf(root, this.all(view)), true, (rows) => {
      densify(root, rows);
      return Rows.ofView(view);
    });
    for (;;) {
      const frame = this.stack[this.stack.length - 1];
      if (!frame) break;
      const step = answer
        ? frame.steps.next(answer)
        : (frame.steps as Iterator<Demand, Rows>).next();
      if (step.done) {
        answer = frame.finish(step.value);
        frame.want.release();
        this.stack.pop();
      } else {
        answer = this.request(step.value);
      }
    }
    answer?.release();
  }

  /** Answers a demand at once where the values exist; else (null) starts on the node behind it. */
  private request({ view, want, whole = false }: Demand): Rows | null {
    const { storage } = view;
    if (storage.isReady) return Rows.ofView(view);
    // Where the channels differ, pixels of the view are no pixels of the node: ask for all of them.
    if (whole || view.channels !== channelsOf(storage)) {
      const missing = missingOf(storage, this.all(new View(storage, storage.shape)));
      return this.enter(storage, missing, true, (rows) => {
        densify(storage, rows);
        return Rows.ofView(view);
      });
    }
    const reader = this.stack[this.stack.length - 1];
    if (reader?.isLast && storage.references === 1 && !storage.partial) {
      return this.enter(storage, want.retain(), true, (rows) => {
        storage.dropNode();
        return rows;
      });
    }
    const missing = missingOf(storage, want.retain());
    if (missing.count === 0) {
      missing.release();
      return partialRows(view);
    }
    return this.enter(storage, missing, missing.isAll, (rows) => {
      if (missing.isAll) densify(storage, rows);
      else addPartial(storage, missing, rows);
      return storage.isReady ? Rows.ofView(view) : partialRows(view);
    });
  }

  private enter(
    storage: Storage,
    want: PixelSet,
    isLast: boolean,
    finish: (rows: Rows) => Rows,
  ): null {
    const node = storage.nodeOrThrow();
    const steps = node.primitive.evaluate(node, want, this);
    this.stack.push({ storage, want, steps, isLast, finish });
    return null;
  }

  /** All pixels of a view. */
  all(view: View): PixelSet {
    return PixelSet.all(this.runtime, view.pixels);
  }

  /** Rows to be computed by a kernel; computes what it reads first where chains grow long. */
  produce(set: PixelSet, channels: number, producer: Producer): Rows {
    for (const input of producer.inputs) if (input.chain >= LONGEST_CHAIN) compute(input);
    return Rows.pending(this.runtime, set, channels, producer);
  }

  /** Rows with none in them: all that is asked for is zero. */
  none(want: PixelSet, view: { channels: number; dtype: View['dtype'] }): Rows {
    return Rows.none(this.runtime, want.total, view.channels, view.dtype);
  }

  /** `rows` with a row, zero if need be, for exactly the pixels of `set`; takes over `rows`. */
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
    compute(aligned);
    return aligned;
  }

  /** Computes rows that are pending. */
  compute(rows: Rows): Rows {
    compute(rows);
    return rows;
  }
}
