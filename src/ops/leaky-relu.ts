import * as tf from '@tensorflow/tfjs-core';
import type { Evaluation } from '../graph/evaluation.js';
import { whole } from '../graph/node.js';
import { channelsOf } from '../graph/view.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { leaky, scalar } from '../lowering/activation.js';
import { inMemory, isVector } from '../lowering/operand.js';
import { anyDeferred, isDeferredOrLarge, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';

/** LeakyRelu, with one slope, and Prelu, with a slope for each channel (a second input). */
class LeakyRelu implements Primitive {
  readonly zeros = 'kept';

  constructor(
    readonly name: string,
    private readonly slope: number,
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view, slopes] = node.inputs as [View, View?];
    const x = yield { view, want };
    const alpha = slopes
      ? (inMemory(slopes) ?? (yield* whole(slopes)))
      : scalar(evaluation, this.slope);
    return leaky(x, alpha, x.support(want), evaluation);
  }
}

export const leakyRelu: Operation = {
  name: tf.LeakyRelu,
  defer(call: Call) {
    const { attrs, backend } = call;
    const x = required(call, 'x');
    if (x.dtype !== 'float32' || x.shape.length === 0) return null;
    // tfjs-backend-wasm's kernel goes value by value.
    if (!isDeferredOrLarge(x)) return null;
    const { alpha } = attrs as { alpha: number };
    return backend.defer(new LeakyRelu(tf.LeakyRelu, alpha), [x], x.shape, 'float32');
  },
};

export const prelu: Operation = {
  name: tf.Prelu,
  defer(call: Call) {
    const { backend } = call;
    const x = required(call, 'x');
    const alpha = required(call, 'alpha');
    if (x.dtype !== 'float32' || x.shape.length < 2 || !anyDeferred(x)) return null;
    if (alpha.dtype !== 'float32') return null;
    if (!isVector(alpha.shape, channelsOf(x))) return null;
    return backend.defer(new LeakyRelu(tf.Prelu, 0), [x, alpha], x.shape, 'float32');
  },
};
