import * as tf from '@tensorflow/tfjs-core';
import type { Evaluation } from '../graph/evaluation.js';
import { whole } from '../graph/node.js';
import { channelsOf } from '../graph/view.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { scaleAndShift } from '../lowering/affine.js';
import { isDeferredOrLarge, present, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';

/**
 * A mean may be so many deviations from zero and still be part of the offset: what cancels then loses no more than a few
 * units of the seventh digit.
 */
const MOST_DEVIATIONS = 8;

/** Batch normalization with a mean, variance, offset and scale for each channel. */
class BatchNorm implements Primitive {
  readonly name = tf.FusedBatchNorm;

  constructor(
    private readonly epsilon: number,
    private readonly hasOffset: boolean,
    private readonly hasScale: boolean,
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [xView, ...parameterViews] = node.inputs as [View, ...View[]];
    const x = yield { view: xView, want };
    const parameters: Rows[] = [];
    for (const view of parameterViews) parameters.push(yield* whole(view));
    const { center, scale, offset } = this.fold(parameters, channelsOf(node), evaluation);
    for (const rows of parameters) rows.release();
    const centered = center ? scaleAndShift(x, null, center, want, evaluation) : x;
    return scaleAndShift(centered, scale, offset, want, evaluation);
  }

  /** The normalization as one scale and one offset for each channel, after another offset where means are large. */
  private fold(
    parameters: Rows[],
    channels: number,
    { runtime }: Evaluation,
  ): { center: Rows | null; scale: Rows; offset: Rows } {
    const vector = (): Rows => {
      const pointer = runtime.arena.allocate(channels * 4);
      return Rows.computed(runtime, PixelSet.all(runtime, 1), channels, 'float32', pointer);
    };
    const folded = { scale: vector(), offset: vector() };
    const center = vector();
    const values = ({ pointer }: Rows): Float32Array =>
      runtime.heap.f32.subarray(pointer >>> 2, (pointer >>> 2) + channels);
    const [mean, variance, ...rest] = parameters.map(values);
    const offset = this.hasOffset ? rest[0] : null;
    const scale = this.hasScale ? rest[this.hasOffset ? 1 : 0] : null;
    const [scales, offsets, centers] = [folded.scale, folded.offset, center].map(values);
    let areSmall = true;
    for (let c = 0; c < channels; c++) {
      const factor = (scale?.[c] ?? 1) / Math.sqrt(variance[c] + this.epsilon);
      const shift = mean[c] * factor;
      areSmall &&= Math.abs(shift) <= MOST_DEVIATIONS;
      scales[c] = factor;
      offsets[c] = (offset?.[c] ?? 0) - shift;
      centers[c] = -mean[c];
    }
    if (areSmall) {
      center.release();
      return { center: null, ...folded };
    }
    for (let c = 0; c < channels; c++) offsets[c] = offset?.[c] ?? 0;
    return { center, ...folded };
  }
}

export const batchNorm: Operation = {
  name: tf.FusedBatchNorm,
  defer(call: Call) {
    const { inputs, attrs, backend } = call;
    const x = required(call, 'x');
    const { offset = null, scale = null } = inputs;
    const parameters = present(required(call, 'mean'), required(call, 'variance'), offset, scale);
    if (x.dtype !== 'float32' || x.shape.length < 2 || !isDeferredOrLarge(x)) return null;
    if (parameters.some(({ dtype }) => dtype !== 'float32')) return null;
    if (parameters.some(({ shape }) => tf.util.sizeFromShape(shape) !== channelsOf(x))) return null;
    const { varianceEpsilon } = attrs as { varianceEpsilon?: number };
    const primitive = new BatchNorm(varianceEpsilon ?? 0.001, offset !== null, scale !== null);
    return backend.defer(primitive, [x, ...parameters], x.shape, 'float32');
  },
};
