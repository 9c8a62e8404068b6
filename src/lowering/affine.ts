import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { whole } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Epilogue, Rows } from '../graph/rows.js';
import { scalar } from './activation.js';
import { inMemory, operandKind } from './operand.js';

/** Rows x * scale + offset, with a number for each channel or one for all; takes over all three. */
export function scaleAndShift(
  x: Rows,
  scale: Rows | null,
  offset: Rows | null,
  set: PixelSet,
  evaluation: Evaluation,
): Rows {
  const { channels } = x;
  const weights = [scale, offset].filter((rows) => rows !== null);
  const isShared = weights.every((vector) => vector.channels === 1);
  return evaluation.produce(set, channels, {
    kernel: 'f32_affine',
    command: new Command()
      .channels(channels)
      .weights(scale?.pointer ?? 0, offset?.pointer ?? 0)
      .parameters(isShared ? 1 : 0),
    inputs: [x],
    weights,
    epilogue: new Epilogue(),
    window: null,
    record: null,
  });
}

/** Features times, plus or minus one number for each channel, or one for all: a bias, say. */
export class Affine implements Primitive {
  /** One less a mask is a mask, too. */
  readonly zeros = 'kept';

  /** @param isReversed a number less the features */
  constructor(
    readonly name: string,
    private readonly isReversed = false,
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [xView, vectorView] = node.inputs as [View, View];
    const x = yield { view: xView, want };
    const given = inMemory(vectorView) ?? (yield* whole(vectorView));
    if (this.isReversed) {
      return scaleAndShift(x, scalar(evaluation, -1), given, want, evaluation);
    }
    const vector = this.name === tf.Sub ? negated(given) : given;
    if (this.name === tf.Multiply) {
      const support = x.support(want);
      // Of what a mask has dropped, too, nothing but a number keeps zero.
      const set = (support === want || areFinite(vector) ? support : want).retain();
      const rows = scaleAndShift(x, vector, null, set, evaluation);
      set.release();
      return rows;
    }
    // Only a vector that lives on with its tensor: a filter is packed once with its bias.
    const { epilogue } = x.producer ?? {};
    if (epilogue && vector.source && vector.channels === x.channels && x.support(want) === want) {
      if (epilogue.takeBias(vector)) return x;
    }
    return scaleAndShift(x, null, vector, want, evaluation);
  }
}

/** Whether the numbers of a vector in memory are neither NaN nor infinite. */
function areFinite({ runtime, pointer, channels }: Rows): boolean {
  const { f32 } = runtime.heap;
  for (let at = pointer >>> 2; at < (pointer >>> 2) + channels; at++) {
    if (!Number.isFinite(f32[at])) return false;
  }
  return true;
}

function negated(vector: Rows): Rows {
  const { runtime, channels } = vector;
  const pointer = runtime.arena.allocate(channels * 4);
  const { f32 } = runtime.heap;
  for (let channel = 0; channel < channels; channel++) {
    f32[(pointer >>> 2) + channel] = -f32[(vector.pointer >>> 2) + channel];
  }
  const rows = Rows.computed(runtime, vector.set, channels, 'float32', pointer);
  vector.release();
  return rows;
}

/** One operand is a vector for all pixels of the other: tfjs-backend-wasm is slow to broadcast it. */
export function spreadsVector(a: View, b: View): boolean {
  return a.channels === b.channels && a.channels > 1 && (a.pixels === 1) !== (b.pixels === 1);
}

/** Defers a product, sum or difference of features and a vector or number; null for anything else. */
export function affine(
  backend: DynconvBackend,
  name: string,
  a: View,
  b: View,
  shape: number[],
  nonNegative: boolean,
): TensorInfo | null {
  const choices =
    name === tf.Sub
      ? [[a, b]]
      : [
          [a, b],
          [b, a],
        ];
  for (const [x, vector] of choices as [View, View][]) {
    const kind = operandKind(vector.shape, shape);
    if (operandKind(x.shape, shape) !== 'full') continue;
    if (kind !== 'channel' && kind !== 'scalar') continue;
    return backend.defer(new Affine(name), [x, vector], shape, 'float32', nonNegative);
  }
  const isReversed = name === tf.Sub && operandKind(b.shape, shape) === 'full';
  if (isReversed && operandKind(a.shape, shape) === 'scalar') {
    return backend.defer(new Affine(name, true), [b, a], shape, 'float32', nonNegative);
  }
  return null;
}
