import * as tf from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { DynconvBackend } from '../backend.js';
import { skips } from '../flags.js';
import type { Evaluation } from '../graph/evaluation.js';
import { activePixels } from '../graph/mask.js';
import { channelsOf } from '../graph/view.js';
import { compareReach, isMasked, settled } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Epilogue, Rows } from '../graph/rows.js';
import { affine, scaleAndShift, spreadsVector } from '../lowering/affine.js';
import { deferBinary } from './elementwise.js';
import { computeFew } from '../lowering/few.js';
import { anyDeferred, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { operandKind, pixelPeriod } from '../lowering/operand.js';
import { deferSelfGate } from './self-gate.js';
import { untiled } from './tile.js';

/** Features times one value a pixel: a mask, mostly. */
class MaskMultiply implements Primitive {
  readonly name = tf.Multiply;
  readonly zeros: Primitive['zeros'];

  /** @param isMasked the zeros of the mask are looked for; else it is a map like any other */
  constructor(readonly isMasked: boolean) {
    this.zeros = isMasked ? 'made' : 'kept';
  }

  /** Region rule: the mask is looked at first, and the features are asked for where it is not zero. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [featuresView, maskView] = node.inputs as [View, View];
    const maskWant = want.modulo(maskView.pixels);
    const looks = this.isMasked && skips();
    let mask = yield { view: maskView, want: maskWant };
    maskWant.release();
    // JavaScript repeats a mask of fewer pixels, too.
    if (looks || maskView.pixels < want.total) mask = yield* settled(mask);
    const channels = channelsOf(node);
    const active = looks ? activePixels(mask, want) : { set: want.retain(), allOnes: false };
    if (active.set.count === 0) {
      active.set.release();
      mask.release();
      return evaluation.none(want, { channels, dtype: 'float32' });
    }
    const features = yield { view: featuresView, want: active.set };
    const set = features.support(active.set).retain();
    active.set.release();
    if (active.allOnes && features.set === set) {
      set.release();
      mask.release();
      return features;
    }
    // A kernel reads one number for all pixels as its weights: it has to be there.
    if (mask.set.total === 1 && mask.set.isAll && !mask.isPending) {
      const rows = scaleAndShift(features, mask, null, set, evaluation);
      set.release();
      return rows;
    }
    const perPixel = mask.set.total === want.total ? mask : repeat(mask, set, evaluation);
    const rows = evaluation.produce(set, channels, {
      kernel: channels === 1 ? 'f32_mul' : 'f32_mul_pixel',
      command: new Command().channels(channels),
      inputs: [features, perPixel],
      epilogue: new Epilogue(),
      window: null,
      record: null,
    });
    set.release();
    return rows;
  }
}

/** A mask that repeats for every image, as one value for each pixel of `set`. */
function repeat(mask: Rows, set: PixelSet, { runtime }: Evaluation): Rows {
  const pointer = runtime.arena.allocate(Math.max(set.count, 1) * 4);
  const period = mask.set.total;
  const [rowOf, pixels] = [mask.set.rowOf >>> 2, set.pixels >>> 2];
  const { f32, i32 } = runtime.heap;
  const [from, to] = [mask.pointer >>> 2, pointer >>> 2];
  for (let row = 0; row < set.count; row++) {
    const pixel = (pixels === 0 ? row : i32[pixels + row]) % period;
    const at = rowOf === 0 ? pixel : i32[rowOf + pixel];
    f32[to + row] = at < 0 ? 0 : f32[from + at];
  }
  mask.release();
  return Rows.computed(runtime, set, 1, 'float32', pointer);
}

/** Features times features. */
class Multiply implements Primitive {
  readonly name = tf.Multiply;
  readonly zeros = 'kept';

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [first, second] = [...node.inputs].sort(byMask);
    const a = yield { view: first, want };
    const set = a.support(want).retain();
    const b = yield { view: second, want: set };
    const channels = channelsOf(node);
    const rows = evaluation.produce(set, channels, {
      kernel: 'f32_mul',
      command: new Command().channels(channels),
      inputs: [a, b],
      epilogue: new Epilogue(),
      window: null,
      record: null,
    });
    set.release();
    return rows;
  }
}

/** What is masked first, for the other is asked for only there; else what reaches farther. */
function byMask(a: View, b: View): number {
  return Number(isMasked(b)) - Number(isMasked(a)) || compareReach(a, b);
}

/**
 * One number for all: of rank 0 or 1, or known not to be zero. It is no mask, so NaN times 0 is NaN; a
 * gate of whole images has the rank of its features.
 */
function isNumber(view: View, backend: DynconvBackend): boolean {
  if (tf.util.sizeFromShape(view.shape) !== 1) return false;
  return view.shape.length < 2 || (backend.numberOf(view) ?? 0) !== 0;
}

/**
 * The operand that has one value for each pixel of the other, if one has, and whether it is its mask.
 * Of two maps of one channel, one is the other's mask only where that saves layers.
 */
function findMask(
  a: View,
  b: View,
  shape: number[],
  backend: DynconvBackend,
): { features: View; mask: View; isMask: boolean } | null {
  for (const [features, candidate] of [
    [a, b],
    [b, a],
  ] as const) {
    const mask = untiled(candidate);
    if (isNumber(mask, backend)) continue;
    if (operandKind(features.shape, shape) !== 'full') continue;
    if (mask.channels !== 1 || pixelPeriod(mask.shape, shape) === null) continue;
    const other = untiled(features);
    const isMask = mask.mayMask && (other.channels > 1 || mask.layers < other.layers);
    if (other.channels === 1 && !isMask && mask.pixels === features.pixels) continue;
    return { features, mask, isMask };
  }
  return null;
}

export const multiply: Operation = {
  name: tf.Multiply,
  defer(call: Call) {
    const { backend } = call;
    const a = required(call, 'a');
    const b = required(call, 'b');
    if (!anyDeferred(a, b) && !spreadsVector(a, b)) return computeFew(call, (x, y) => x * y);
    if (a.dtype !== 'float32' || b.dtype !== 'float32') return deferBinary(tf.Multiply, call);
    const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    if (shape.length < 2 || tf.util.sizeFromShape(shape) === 0) return null;
    const gated = deferSelfGate(backend, a, b);
    if (gated) return gated;
    const nonNegative = a.nonNegative && b.nonNegative;
    const masked = findMask(a, b, shape, backend);
    if (masked) {
      const inputs = [masked.features, masked.mask];
      return backend.defer(new MaskMultiply(masked.isMask), inputs, shape, 'float32', nonNegative);
    }
    const kinds = [operandKind(a.shape, shape), operandKind(b.shape, shape)];
    if (kinds[0] === 'full' && kinds[1] === 'full') {
      return backend.defer(new Multiply(), [a, b], shape, 'float32', nonNegative);
    }
    const product = affine(backend, tf.Multiply, a, b, shape, nonNegative);
    return product ?? deferBinary(tf.Multiply, call);
  },
};
