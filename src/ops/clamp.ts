import * as tf from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Bounds } from '../arrays/command.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { affine } from '../lowering/affine.js';
import { deferBinary } from './elementwise.js';
import { runInPlace } from '../lowering/in-place.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { Pointwise } from '../lowering/pointwise.js';

/*
 * Every clamp of float32 is deferred, of values in memory too: tfjs-backend-wasm's own clamps lose NaN.
 */

/** Values clamped to bounds. */
export class Clamp implements Primitive {
  constructor(
    readonly name: string,
    readonly bounds: Bounds,
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const x = yield { view, want };
    const preservesZero = this.bounds.min <= 0 && this.bounds.max >= 0;
    if (this.isRelu && x.negatives instanceof PixelSet && !x.source) {
      return clampAt(x, x.negatives, evaluation);
    }
    const set = preservesZero ? x.support(want) : want;
    const { producer } = x;
    if (producer && set === x.support(want)) {
      if (producer.epilogue?.takeBounds(producer.command, this.bounds)) return x;
    }
    const channels = channelsOf(node);
    return evaluation.produce(set, channels, {
      kernel: 'f32_clamp',
      command: new Command().channels(channels).bounds(this.bounds),
      inputs: [x],
      window: null,
      record: null,
    });
  }

  get zeros(): Primitive['zeros'] {
    const { min, max } = this.bounds;
    if (min === 0 || max === 0) return 'made';
    return min < 0 && max > 0 ? 'kept' : undefined;
  }

  private get isRelu(): boolean {
    return this.bounds.min === 0 && this.bounds.max === Infinity;
  }
}

/** Clamps rows below at zero, in place, where they may be negative. */
function clampAt(x: Rows, negatives: PixelSet, evaluation: Evaluation): Rows {
  if (negatives.count > 0) {
    const pixels = Rows.computed(x.runtime, negatives, x.channels, 'float32', 0);
    runInPlace('f32_clamp_at', x, pixels, evaluation, { min: 0, max: Infinity });
    pixels.release();
  }
  return x.changed('nowhere');
}

function clamp(name: string, boundsOf: (call: Call) => Bounds): Operation {
  return {
    name,
    defer(call: Call) {
      const { backend } = call;
      const x = required(call, 'x');
      if (x.dtype !== 'float32' || x.shape.length === 0) return null;
      const bounds = boundsOf(call);
      return backend.defer(new Clamp(name, bounds), [x], x.shape, 'float32', bounds.min >= 0);
    },
  };
}

/** Minimum or Maximum: a clamp where one operand is a number in memory. */
function limit(name: typeof tf.Minimum | typeof tf.Maximum): Operation {
  const kernel = name === tf.Maximum ? 'f32_max' : 'f32_min';
  return {
    name,
    defer(call: Call) {
      const { backend } = call;
      const a = required(call, 'a');
      const b = required(call, 'b');
      for (const [x, number] of [
        [a, b],
        [b, a],
      ]) {
        const value = backend.numberOf(number);
        if (value === null || x.shape.length < number.shape.length) continue;
        if (x.dtype !== 'float32' || x.shape.length === 0) continue;
        // No bound expresses that all becomes NaN.
        if (Number.isNaN(value)) return affine(backend, tf.Add, x, number, x.shape, false);
        const bounds =
          name === tf.Maximum ? { min: value, max: Infinity } : { min: -Infinity, max: value };
        const nonNegative = value >= 0 && (name === tf.Maximum || x.nonNegative);
        return backend.defer(new Clamp(name, bounds), [x], x.shape, 'float32', nonNegative);
      }
      if (areMaps(a, b)) {
        const nonNegative =
          name === tf.Maximum ? a.nonNegative || b.nonNegative : a.nonNegative && b.nonNegative;
        return backend.defer(new Pointwise(name, kernel), [a, b], a.shape, 'float32', nonNegative);
      }
      return deferBinary(name, call);
    },
  };
}

/** Both are maps of numbers, of one shape. */
function areMaps(a: View, b: View): boolean {
  const isMap = a.dtype === 'float32' && b.dtype === 'float32' && a.shape.length > 0;
  return isMap && tf.util.arraysEqual(a.shape, b.shape) && tf.util.sizeFromShape(a.shape) > 0;
}

export const clamps: Operation[] = [
  limit(tf.Minimum),
  limit(tf.Maximum),
  clamp(tf.Relu, () => ({ min: 0, max: Infinity })),
  clamp(tf.Relu6, () => ({ min: 0, max: 6 })),
  clamp(tf.ClipByValue, ({ attrs }) => {
    const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number };
    return { min: clipValueMin, max: clipValueMax };
  }),
];
