import * as tf from '@tensorflow/tfjs-core';
import { random } from '../kernels/random.js';

/** The types of numbers. */
export const TYPES = ['float32', 'int32', 'bool'] as const;
export type Type = (typeof TYPES)[number];

/** What the elements of a tensor are drawn from. */
export type Range = 'any' | 'special' | 'positive' | { from: number; to: number };

interface Wanted {
  types?: readonly Type[];
  /** The ranks to choose from. */
  ranks?: readonly number[];
  range?: Range;
}

/**
 * Where the calls of a random program take their operands and their choices from: the values that the
 * program computed so far, new tensors, and a generator of random numbers. The same seed and the
 * same shapes make the same choices, on every backend.
 */
export class Source {
  private readonly next: () => number;

  /**
   * @param values what the program has computed; the last are the latest
   * @param reuse how often one of them is taken where one fits
   * @param empties how often a dimension is 0
   */
  constructor(
    seed: number,
    private readonly values: readonly tf.Tensor[] = [],
    private readonly reuse = 0.6,
    private readonly empties = 0.02,
  ) {
    this.next = random(seed);
  }

  /** A whole number from `min` to `max`, both of them included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)];
  }

  /** The length of a dimension: mostly small, now and then 0, 1 or more than a SIMD register holds. */
  length(): number {
    if (this.chance(this.empties)) return 0;
    return this.chance(0.1) ? this.pick(1, 1, 16, 19) : this.int(1, 6);
  }

  shape(rank: number): number[] {
    return Array.from({ length: rank }, () => this.length());
  }

  /** A tensor of any shape. */
  any({ types = TYPES, ranks = [0, 1, 2, 3, 4], range = 'any' }: Wanted = {}): tf.Tensor {
    const fits = this.values.filter(
      ({ dtype, rank }) => (types as readonly string[]).includes(dtype) && ranks.includes(rank),
    );
    if (range === 'any' && fits.length > 0 && this.chance(this.reuse)) return this.latest(fits);
    return this.make(this.shape(this.pick(...ranks)), this.pick(...types), range);
  }

  /** A tensor of a given shape. */
  tensor(shape: number[], type: Type = 'float32', range: Range = 'any'): tf.Tensor {
    const fits = this.values.filter(
      (value) => value.dtype === type && tf.util.arraysEqual(value.shape, shape),
    );
    if (range === 'any' && fits.length > 0 && this.chance(this.reuse)) return this.latest(fits);
    return this.make(shape, type, range);
  }

  /** A tensor of the type of `other` and of a shape that broadcasts with its own. */
  mate({ shape, dtype }: tf.Tensor, type = dtype as Type): tf.Tensor {
    if (this.chance(0.4)) return this.tensor(shape, type);
    const mate = shape.map((size) => (this.chance(0.5) ? size : 1));
    if (this.chance(0.2)) mate.unshift(this.int(1, 3));
    else if (this.chance(0.4)) mate.splice(0, this.int(0, mate.length));
    return this.tensor(mate.slice(-6), type);
  }

  /** An axis of a tensor, from its front or its end. */
  axis({ rank }: tf.Tensor): number {
    const axis = this.int(0, rank - 1);
    return this.chance(0.3) ? axis - rank : axis;
  }

  /** Some axes of a tensor; all of them, for example. */
  axes({ rank }: tf.Tensor): number[] {
    const axes = Array.from({ length: rank }, (_, axis) => axis);
    const some = axes.filter(() => this.chance(0.5));
    return this.chance(0.2) ? axes : some;
  }

  /** The order of the axes of a tensor. */
  permutation({ rank }: tf.Tensor): number[] {
    const left = Array.from({ length: rank }, (_, axis) => axis);
    return Array.from({ length: rank }, () => left.splice(this.int(0, left.length - 1), 1)[0]);
  }

  private latest(fits: readonly tf.Tensor[]): tf.Tensor {
    return this.chance(0.5) ? fits[fits.length - 1] : this.pick(...fits);
  }

  private make(shape: number[], type: Type, range: Range): tf.Tensor {
    const draw = { float32: this.float, int32: this.integer, bool: this.truth }[type];
    const values = Array.from({ length: tf.util.sizeFromShape(shape) }, () => draw(range));
    return tf.tensor(values, shape, type);
  }

  private readonly float = (range: Range): number => {
    if (typeof range === 'object') {
      return range.from + (range.to - range.from) * (this.int(0, 16) / 16);
    }
    if (range === 'positive') return this.int(1, 16) / 4;
    if (range === 'special' && this.chance(0.3)) {
      return this.pick(NaN, Infinity, -Infinity, -0, 0, 1e-30, 1e4, -1e4, 0.5, -0.5, 2.5);
    }
    return this.int(-12, 12) / 4;
  };

  private readonly integer = (range: Range): number => {
    if (typeof range === 'object') return this.int(range.from, range.to);
    if (range === 'positive') return this.int(1, 9);
    if (range === 'special' && this.chance(0.3)) {
      return this.pick(0, 0, -1, 2 ** 24 + 1, -(2 ** 24));
    }
    return this.int(-5, 5);
  };

  private readonly truth = (range: Range): number =>
    typeof range === 'object' ? Math.min(1, this.int(range.from, range.to)) : this.int(0, 1);
}
