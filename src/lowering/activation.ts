import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Bounds } from '../arrays/command.js';
import type { Evaluation } from '../graph/evaluation.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { activate, HARD_SWISH, onKernel } from './functions.js';
import type { ValueFunction } from './functions.js';
import { isVector } from './operand.js';

const NO_BOUNDS: Bounds = { min: -Infinity, max: Infinity };

/** Activations on a kernel of their own; the last two are what TensorFlow's optimizer makes. */
const FUNCTIONS: ReadonlyMap<string, ValueFunction> = new Map([
  ['elu', onKernel('f32_elu')],
  ['sigmoid', onKernel('f32_sigmoid')],
  ['tanh', onKernel('f32_tanh')],
  ['_fusedhardswish', HARD_SWISH],
  ['geluapproximate', onKernel('f32_gelu')],
]);

/** The activation that is fused to a convolution. */
export class Activation {
  static readonly LINEAR = new Activation('linear', 0, NO_BOUNDS);

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
        return FUNCTIONS.has(activation) ? new Activation(activation, 0, NO_BOUNDS) : null;
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
  apply(rows: Rows, alpha: Rows | null, set: PixelSet, evaluation: Evaluation): Rows {
    switch (this.name) {
      case 'leakyrelu':
        return leaky(rows, scalar(evaluation, this.leakyAlpha), set, evaluation);
      case 'prelu':
        if (!alpha) throw new Error('prelu has no alpha');
        return leaky(rows, alpha, set, evaluation);
      default: {
        const valueFunction = FUNCTIONS.get(this.name);
        return valueFunction ? activate(rows, valueFunction, set, evaluation) : rows;
      }
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
