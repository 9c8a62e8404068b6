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
    const { scale, offset } = this.fold(parameters, channelsOf(node), evaluation);
    for (const rows of parameters) rows.release();
    return scaleAndShift(x, scale, offset, want, evaluation);
  }

  /** The normalization as one scale and one offset for each channel. */
  private fold(
    parameters: Rows[],
    channels: number,
    { runtime }: Evaluation,
  ): { scale: Rows; offset: Rows } {
    const vector = (): Rows => {
      const pointer = runtime.arena.allocate(channels * 4);
      const one = PixelSet.all(runtime, 1);
      return Rows.computed(runtime, one, channels, 'float32', pointer);
    };
    const folded = { scale: vector(), offset: vector() };
    const values = (rows: Rows | undefined): Float32Array | null =>
      rows ? runtime.heap.f32.subarray(rows.pointer >>> 2, (rows.pointer >>> 2) + channels) : null;
    const [mean, variance, ...rest] = parameters.map(values);
    const offset = this.hasOffset ? rest[0] : null;
    const scale = this.hasScale ? rest[this.hasOffset ? 1 : 0] : null;
    const [scales, offsets] = [values(folded.scale), values(folded.offset)];
    for (let c = 0; c < channels; c++) {
      const factor = (scale?.[c] ?? 1) / Math.sqrt((variance?.[c] ?? 1) + this.epsilon);
      if (scales) scales[c] = factor;
      if (offsets) offsets[c] = (offset?.[c] ?? 0) - (mean?.[c] ?? 0) * factor;
    }
    return folded;
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
