import * as tf from '@tensorflow/tfjs-core';
import { random } from '../kernels/random.js';

/** The types of numbers. */
export const TYPES = ['float32', 'int32', 'bool'] as const;
export type Type = (typeof TYPES)[number];
/** With those that have no place in WebAssembly memory. */
export type AnyType = Type | 'complex64' | 'string';

/** What the elements of a tensor are drawn from. */
export type Range = 'any' | 'special' | 'positive' | { from: number; to: number };

interface Wanted {
  types?: readonly Type[];
  /** The ranks to choose from. */
  ranks?: readonly number[];
  range?: Range;
}

interface Options {
  /** How often a value that the program computed is taken where one fits. */
  reuse?: number;
  /** How often a dimension is 0. */
  empties?: number;
  /** What else than numbers a tensor of any type may be of, now and then. */
  others?: readonly AnyType[];
  /** The types with NaN, infinity, and the like. */
  specials?: readonly AnyType[];
  /**
   * The latest choices, which are often made again: so a program comes back to the same shapes, and
   * to the same filter through another window.
   */
  habits?: Map<string, number> | null;
}

const DEFAULTS = { reuse: 0.6, empties: 0.02, others: [], specials: TYPES, habits: null };

/** How often a tensor of any type is of others than numbers, where it may be. */
const OTHERS = 0.1;

/** How often a choice is made as it was the last time. */
const HABIT = 0.5;

/**
 * Where the calls of a random program take their operands and their choices from: the values that the
 * program computed so far, new tensors, and a generator of random numbers. The same seed and the
 * same shapes make the same choices, on every backend.
 */
export class Source {
  private readonly next: () => number;
  private readonly options: Required<Options>;

  /** @param values what the program has computed; the last are the latest */
  constructor(
    seed: number,
    private readonly values: readonly tf.Tensor[] = [],
    options: Options = {},
  ) {
    this.next = random(seed);
    this.options = { ...DEFAULTS, ...options };
  }

  /** A whole number from `min` to `max`, both of them included. */
  int(min: number, max: number): number {
    const number = min + Math.floor(this.next() * (max - min + 1));
    const { habits } = this.options;
    if (!habits) return number;
    const key = `${min} to ${max}`;
    const habit = habits.get(key);
    if (habit !== undefined && this.chance(HABIT)) return habit;
    habits.set(key, number);
    return number;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)];
  }

  /** The length of a dimension: mostly small, now and then 0, 1 or more than a SIMD register holds. */
  length(): number {
    if (this.chance(this.options.empties)) return 0;
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
    if (range === 'any' && fits.length > 0 && this.chance(this.options.reuse)) {
      return this.latest(fits);
    }
    const { others } = this.options;
    const isOther = types === TYPES && others.length > 0 && this.chance(OTHERS);
    const type = this.pick<AnyType>(...(isOther ? others : types));
    return this.make(this.shape(this.pick(...ranks)), type, range);
  }

  /** A tensor of a given shape. */
  tensor(shape: number[], type: AnyType = 'float32', range: Range = 'any'): tf.Tensor {
    const fits = this.values.filter(
      (value) => value.dtype === type && tf.util.arraysEqual(value.shape, shape),
    );
    if (range === 'any' && fits.length > 0 && this.chance(this.options.reuse)) {
      return this.latest(fits);
    }
    return this.make(shape, type, range);
  }

  /** A tensor of the type of `other` and of a shape that broadcasts with its own. */
  mate({ shape, dtype }: tf.Tensor, type = dtype): tf.Tensor {
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

  private make(shape: number[], type: AnyType, range: Range): tf.Tensor {
    const size = tf.util.sizeFromShape(shape);
    const numbers = (draw: (range: Range) => number) =>
      Array.from({ length: size }, () => draw(range));
    switch (type) {
      case 'string':
        return tf.tensor(
          numbers(() => this.int(0, 9)).map((number) => 'a word'.slice(number % 7)),
          shape,
        );
      case 'complex64':
        return tf.complex(
          tf.tensor(numbers(this.float), shape),
          tf.tensor(numbers(this.float), shape),
        );
      default: {
        const draw = { float32: this.float, int32: this.integer, bool: this.truth }[type];
        return tf.tensor(numbers(draw), shape, type);
      }
    }
  }

  private readonly float = (range: Range): number => {
    if (typeof range === 'object') {
      return range.from + (range.to - range.from) * (this.int(0, 16) / 16);
    }
    if (range === 'positive') return this.int(1, 16) / 4;
    if (range === 'special' && this.options.specials.includes('float32') && this.chance(0.3)) {
      return this.pick(NaN, Infinity, -Infinity, -0, 0, 1e-30, 1e4, -1e4, 0.5, -0.5, 2.5);
    }
    return this.int(-12, 12) / 4;
  };

  private readonly integer = (range: Range): number => {
    if (typeof range === 'object') return this.int(range.from, range.to);
    if (range === 'positive') return this.int(1, 9);
    if (range === 'special' && this.options.specials.includes('int32') && this.chance(0.3)) {
      return this.pick(0, 0, -1, 2 ** 24 + 1, -(2 ** 24));
    }
    return this.int(-5, 5);
  };

  private readonly truth = (range: Range): number =>
    typeof range === 'object' ? Math.min(1, this.int(range.from, range.to)) : this.int(0, 1);
}
