import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import { openNodeOf } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import type { Rows } from '../graph/rows.js';
import { Window } from '../graph/window.js';
import { concatChannels } from './concat.js';
import { anyDeferred, present, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { deferZeros } from './zeros.js';

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
  readonly zeros = 'kept';

  readonly name = tf.PadV2;

  constructor(
    readonly window: Window,
    readonly value: number,
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

/**
 * What a window reads of features that were padded with zeros, if they were: the features without
 * their border, through a window that pads by itself.
 */
export function unpadded(view: View, window: Window): { view: View; window: Window } {
  const node = openNodeOf(view.storage);
  const primitive = node?.primitive;
  if (!node || !(primitive instanceof Pad) || primitive.value !== 0) return { view, window };
  if (!tf.util.arraysEqual(node.shape, view.shape)) return { view, window };
  return { view: node.inputs[0], window: window.withoutBorder(primitive.window) };
}

type Border = [before: number, after: number];

export const padV2: Operation = {
  name: tf.PadV2,
  defer(call: Call) {
    const { attrs, backend } = call;
    const x = required(call, 'x');
    const { paddings, constantValue } = attrs as unknown as {
      paddings: Border[];
      constantValue: number;
    };
    if (x.dtype !== 'float32' || x.shape.length !== 4) return null;
    const [batch, rows, columns, channels] = paddings as [Border, Border, Border, Border];
    if (batch[0] || batch[1]) return null;
    if (channels[0] || channels[1]) {
      if (rows[0] || rows[1] || columns[0] || columns[1] || constantValue !== 0) return null;
      return padChannels(backend, x, channels);
    }
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
    const nonNegative = x.nonNegative && constantValue >= 0;
    return backend.defer(new Pad(window, constantValue), [x], shape, 'float32', nonNegative);
  },
};

/** Channels of zeros before and after those of `x`; null where `x` is in memory already. */
function padChannels(backend: DynconvBackend, x: View, [before, after]: Border): TensorInfo | null {
  if (!anyDeferred(x) || tf.util.sizeFromShape(x.shape) === 0) return null;
  const zeros = [before, after].map((channels) =>
    channels > 0
      ? deferZeros(backend, tf.PadV2, [...x.shape.slice(0, -1), channels], 'float32')
      : null,
  );
  const [first, last] = zeros.map((info) => info && backend.view(info));
  const padded = concatChannels(backend, present(first, x, last));
  for (const info of zeros) if (info) backend.disposeData(info.dataId);
  return padded;
}
