import * as tf from '@tensorflow/tfjs-core';
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Bounds } from '../arrays/command.js';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { settled } from '../graph/node.js';
import type { Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { wasmKernel } from '../wasm-kernels.js';
import { runOnRows } from './on-rows.js';
import { isVector } from './operand.js';

const NO_BOUNDS: Bounds = { min: -Infinity, max: Infinity };

/** The activation that is fused to a convolution. */
export class Activation {
  private constructor(
    private readonly name: string,
    private readonly leakyAlpha: number,
    /** Bounds that the convolution itself clamps to. */
    readonly bounds: Bounds,
  ) {}

  /** Returns null for an activation that is not known here. */
  static of(attrs: NamedAttrMap, prelu: View | null, channels: number): Activation | null {
    const { activation = 'linear', leakyreluAlpha = 0.2 } = attrs as {
      activation?: string;
      leakyreluAlpha?: number;
    };
    switch (activation) {
      case 'linear':
      case 'elu':
      case 'sigmoid':
      case 'leakyrelu':
        return new Activation(activation, leakyreluAlpha, NO_BOUNDS);
      case 'relu':
        return new Activation(activation, 0, { min: 0, max: Infinity });
      case 'relu6':
        return new Activation(activation, 0, { min: 0, max: 6 });
      case 'prelu':
        if (!prelu || !(isVector(prelu.shape, channels) || isVector(prelu.shape, 1))) return null;
        return new Activation(activation, 0, NO_BOUNDS);
      default:
        return null;
    }
  }

  /** It does nothing. */
  get isLinear(): boolean {
    return this.name === 'linear';
  }

  /** Its output is never negative. */
  get nonNegative(): boolean {
    return ['relu', 'relu6', 'sigmoid'].includes(this.name);
  }

  /** Applies what the convolution's own bounds do not express; takes over `rows` and `alpha`. */
  *apply(
    rows: Rows,
    alpha: Rows | null,
    set: PixelSet,
    backend: DynconvBackend,
    evaluation: Evaluation,
  ): Steps {
    switch (this.name) {
      case 'leakyrelu':
        return leaky(rows, scalar(evaluation, this.leakyAlpha), set, evaluation);
      case 'prelu':
        if (!alpha) throw new Error('prelu has no alpha');
        return leaky(rows, alpha, set, evaluation);
      case 'elu':
      case 'sigmoid': {
        if (set.count === 0) return rows;
        const kernel = wasmKernel(this.name === 'elu' ? tf.Elu : tf.Sigmoid);
        const x = yield* settled(rows);
        return runOnRows(backend, kernel, { x }, {}, set, rows.channels);
      }
      default:
        return rows;
    }
  }
}

/** Rows x < 0 ? alpha * x : x, with one alpha or one for each channel; takes over both. */
export function leaky(rows: Rows, alpha: Rows, set: PixelSet, evaluation: Evaluation): Rows {
  const { channels, producer } = rows;
  const alphas = alpha.channels * alpha.set.total;
  if (rows.set === set && alphas === channels && producer?.epilogue?.takeSlopes(alpha)) return rows;
  return evaluation.produce(set, channels, {
    kernel: 'f32_leaky',
    command: new Command()
      .channels(channels)
      .weights(alpha.pointer)
      .parameters(alphas === 1 ? 1 : 0),
    inputs: [rows],
    weights: [alpha],
    window: null,
    record: null,
  });
}

/** One number as rows. */
export function scalar({ runtime }: Evaluation, value: number): Rows {
  const pointer = runtime.arena.allocate(4);
  runtime.heap.f32[pointer >>> 2] = value;
  return Rows.computed(runtime, PixelSet.all(runtime, 1), 1, 'float32', pointer);
}
