import * as tf from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/node.js';
import type { Node, Primitive, Steps, View } from '../graph/node.js';
import { PixelSet } from '../graph/pixels.js';
import type { Rows } from '../graph/rows.js';
import { Window } from '../graph/window.js';
import { anyDeferred, required } from './operation.js';
import type { Call, Operation } from './operation.js';

/** All of an image with a border of `value` around it, as the one-pixel `window` over it says. */
export function pad(x: Rows, window: Window, value: number, evaluation: Evaluation): Rows {
  const set = PixelSet.all(evaluation.runtime, window.outPixels);
  return padTo(set, x, window, value, evaluation);
}

function padTo(
  set: PixelSet,
  x: Rows,
  window: Window,
  value: number,
  evaluation: Evaluation,
): Rows {
  return evaluation.produce(set, x.channels, {
    kernel: 'rows_pad',
    command: new Command()
      .window(window.geometry)
      .channels(x.channels)
      .bounds({ min: value, max: Infinity }),
    inputs: [x],
    window,
    record: null,
  });
}

/** Padding of images with a constant. */
class Pad implements Primitive {
  readonly name = tf.PadV2;

  constructor(
    private readonly window: Window,
    private readonly value: number,
  ) {}

  /** Region rule: the same positions, shifted by the padding. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const field = this.window.receptiveField(evaluation.runtime, want);
    const x = yield { view, want: field };
    field.release();
    return padTo(want, x, this.window, this.value, evaluation);
  }
}

export const padV2: Operation = {
  name: tf.PadV2,
  defer(call: Call) {
    const { attrs, backend } = call;
    const x = required(call, 'x');
    const { paddings, constantValue } = attrs as unknown as {
      paddings: [number, number][];
      constantValue: number;
    };
    if (x.dtype !== 'float32' || x.shape.length !== 4 || !anyDeferred(x)) return null;
    const [batch, rows, columns, channels] = paddings;
    if (!batch || !rows || !columns || !channels) return null;
    if (batch[0] || batch[1] || channels[0] || channels[1]) return null;
    const [images, height, width] = x.shape as [number, number, number, number];
    const outHeight = height + rows[0] + rows[1];
    const outWidth = width + columns[0] + columns[1];
    const window = new Window({
      images,
      inHeight: height,
      inWidth: width,
      outHeight,
      outWidth,
      kernelHeight: 1,
      kernelWidth: 1,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight: 1,
      dilationWidth: 1,
      padTop: rows[0],
      padLeft: columns[0],
    });
    const shape = [images, outHeight, outWidth, channelsOf(x)];
    if (tf.util.sizeFromShape(shape) === 0) return null;
    return backend.defer(new Pad(window, constantValue), [x], shape, 'float32');
  },
};
