import * as tf from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import { skips } from '../flags.js';
import type { Evaluation } from '../graph/evaluation.js';
import { activePixels } from '../graph/mask.js';
import { channelsOf } from '../graph/view.js';
import { settled } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Epilogue } from '../graph/rows.js';
import type { Rows } from '../graph/rows.js';
import { anyDeferred, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { pixelPeriod } from '../lowering/operand.js';
import { untiled } from './tile.js';

/** Features where a mask is true, others where it is false. */
class Select implements Primitive {
  readonly name = tf.Select;
  readonly zeros = 'made';

  /** Region rule: each of the two is asked for only where the mask chooses it. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [maskView, ...choices] = node.inputs as [View, View, View];
    const maskWant = want.modulo(maskView.pixels);
    const mask = yield* settled(yield { view: maskView, want: maskWant });
    maskWant.release();
    const chosen: Rows[] = [];
    for (const [index, view] of choices.entries()) {
      const { set } = activePixels(mask, want, index === 1);
      if (set.count > 0) {
        const rows = yield { view, want: skips() ? set : want };
        // Rows that exist for other reasons must read as zeros where the mask chose the other one.
        chosen.push(rows.isEmpty ? rows : this.restrict(rows, set, evaluation));
      }
      set.release();
    }
    mask.release();
    const [first, second] = chosen.filter((rows) => !rows.isEmpty);
    if (!first) return evaluation.none(want, { channels: channelsOf(node), dtype: 'float32' });
    if (!second) return first;
    const set = first.set.union(second.set);
    const rows = evaluation.produce(set, channelsOf(node), {
      kernel: 'f32_add',
      command: new Command().channels(first.channels),
      inputs: [first, second],
      epilogue: new Epilogue(),
      window: null,
      record: null,
    });
    set.release();
    return rows;
  }

  private restrict(rows: Rows, set: PixelSet, evaluation: Evaluation): Rows {
    return evaluation.align(evaluation.compute(rows), set);
  }
}

export const select: Operation = {
  name: tf.Select,
  defer(call: Call) {
    const { backend } = call;
    const condition = required(call, 'condition');
    const t = required(call, 't');
    const e = required(call, 'e');
    if (t.dtype !== 'float32' || e.dtype !== 'float32' || t.shape.length < 2) return null;
    if (!anyDeferred(condition, t, e) || tf.util.sizeFromShape(t.shape) === 0) return null;
    if (!tf.util.arraysEqual(t.shape, e.shape)) return null;
    if (condition.shape.length !== t.shape.length) return null;
    const mask = untiled(condition);
    if (mask.channels !== 1 || pixelPeriod(mask.shape, t.shape) === null) return null;
    const nonNegative = t.nonNegative && e.nonNegative;
    return backend.defer(new Select(), [mask, t, e], t.shape, 'float32', nonNegative);
  },
};
