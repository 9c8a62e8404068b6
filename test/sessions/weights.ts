import * as tf from '@tensorflow/tfjs-core';
import { filter, quarters } from '../backend/random-tensors.js';

/** What the functions of a session have besides their inputs. */
export interface Weights {
  filter: tf.Tensor4D;
  depthwise: tf.Tensor4D;
  vector: tf.Tensor1D;
  number: tf.Scalar;
}

export const WEIGHTS = ['filter', 'depthwise', 'vector', 'number'] as const;

/** Numbers that functions multiply with, divide by, and compare with. */
export const NUMBERS = [-2, -0.75, 0.5, 1, 1.25, 3] as const;

/** Other values for each weight. */
const MAKERS = {
  filter: (channels: number, seed: number) => filter([3, 3, channels, channels], seed),
  depthwise: (channels: number, seed: number) =>
    tf.tidy(() => tf.div<tf.Tensor4D>(quarters([3, 3, channels, 1], seed), 4)),
  vector: (channels: number, seed: number) => quarters([channels], seed) as tf.Tensor1D,
  number: (_: number, seed: number) => tf.scalar(NUMBERS[seed % NUMBERS.length]),
};

/** Weights of layers with so many channels, which can be changed. */
export class AssignableWeights implements Weights {
  readonly filter: tf.Variable<tf.Rank.R4>;
  readonly depthwise: tf.Variable<tf.Rank.R4>;
  readonly vector: tf.Variable<tf.Rank.R1>;
  readonly number: tf.Variable<tf.Rank.R0>;

  constructor(
    private readonly channels: number,
    seed: number,
  ) {
    const variable = <R extends tf.Rank>(value: tf.Tensor<R>): tf.Variable<R> => {
      const made = tf.variable(value);
      value.dispose();
      return made;
    };
    this.filter = variable(MAKERS.filter(channels, seed));
    this.depthwise = variable(MAKERS.depthwise(channels, seed + 1));
    this.vector = variable(MAKERS.vector(channels, seed + 2));
    this.number = variable(MAKERS.number(channels, seed + 3));
  }

  assign(name: keyof Weights, seed: number): void {
    const value: tf.Tensor = MAKERS[name](this.channels, seed);
    (this[name] as tf.Variable).assign(value);
    value.dispose();
  }

  dispose(): void {
    for (const name of WEIGHTS) this[name].dispose();
  }
}
