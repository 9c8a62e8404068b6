import { util } from '@tensorflow/tfjs-core';
import type { View } from '../graph/view.js';
import { Rows } from '../graph/rows.js';

/**
 * How an operand of an elementwise operation lies over the output:
 * `full`: the same pixels and channels; `channel`: one row for all pixels; `scalar`: one value;
 * `pixel`: one value a pixel, for all channels; null: anything else.
 */
export type OperandKind = 'full' | 'channel' | 'scalar' | 'pixel' | null;

/** Whether a shape is that of one value for each of `channels` channels. */
export function isVector(shape: number[], channels: number): boolean {
  return (shape[shape.length - 1] ?? 1) === channels && util.sizeFromShape(shape) === channels;
}

/** How an operand of shape `shape` broadcasts to `outShape`. */
export function operandKind(shape: number[], outShape: number[]): OperandKind {
  if (util.sizeFromShape(shape) === 1 && util.sizeFromShape(outShape) !== 1) return 'scalar';
  const channels = shape[shape.length - 1];
  const pixels = shape.slice(0, -1);
  const outChannels = outShape[outShape.length - 1];
  const outPixels = outShape.slice(0, -1);
  const isWhole = util.sizeFromShape(pixels) === util.sizeFromShape(outPixels);
  if (channels === outChannels) {
    if (isWhole) return 'full';
    if (util.sizeFromShape(pixels) === 1) return 'channel';
  }
  if (channels === 1 && pixelPeriod(shape, outShape) !== null) return 'pixel';
  return null;
}

/**
 * The pixels after which an operand that is broadcast over the leading dimensions repeats (the
 * output's own number of pixels where it is not broadcast), or null where it does not repeat so.
 */
export function pixelPeriod(shape: number[], outShape: number[]): number | null {
  const pixels = shape.slice(0, -1);
  while (pixels[0] === 1) pixels.shift();
  const tail = outShape.slice(0, -1).slice(outShape.length - 1 - pixels.length);
  return util.arraysEqual(pixels, tail) ? util.sizeFromShape(pixels) : null;
}

/** Weights that are in memory, as they nearly always are: asking for them takes several steps. */
export function inMemory(view: View): Rows | null {
  const { isReady, runtime, token } = view.storage;
  return isReady && runtime.lanes.isDone(token) ? Rows.ofView(view) : null;
}
