import * as tf from '@tensorflow/tfjs-core';
import type { Source } from '../backend/source.js';
import type { Weights } from './weights.js';

type Map4D = tf.Tensor4D;

/** A function of a map, a mask of it, and numbers. */
export type SessionFunction = (...inputs: tf.Tensor[]) => Map4D[];

/** What is there while a function runs, of which each step makes more. */
export interface Scope {
  readonly inputs: readonly tf.Tensor[];
  readonly weights: Weights;
  /** A function that this one calls; null for none. */
  readonly inner: SessionFunction | null;
  /** All of one shape. */
  readonly maps: Map4D[];
  readonly masks: Map4D[];
  /** The last two do not depend on inputs. */
  readonly numbers: tf.Tensor[];
  /** The choices of this step. */
  readonly source: Source;
  /** Hears of scores and of the limit that they are compared with. */
  readonly onThreshold: (scores: tf.Tensor, limit: tf.Tensor) => void;
}

type Steps<T> = Record<string, (x: Map4D, scope: Scope) => T>;

/** Values of at most 4, so that products of products stay of a size. */
export function bounded(x: tf.Tensor): Map4D {
  return tf.clipByValue(x as Map4D, -4, 4);
}

const number = ({ source, numbers }: Scope): tf.Tensor => source.pick(...numbers);
const other = ({ source, maps }: Scope): Map4D => source.pick(...maps);
const mask = ({ source, masks }: Scope): Map4D => source.pick(...masks);
const wholeMask = (x: Map4D, scope: Scope): Map4D => tf.tile(mask(scope), [1, 1, 1, x.shape[3]]);
const convolved = (x: Map4D, { weights }: Scope): Map4D => tf.conv2d(x, weights.filter, 1, 'same');

/** Steps that make maps, of a map. */
const MAPS: Steps<Map4D | Map4D[]> = {
  convolve: convolved,
  convolvePadded: (x, { weights }) =>
    tf.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), weights.filter, 1, 'valid'), // prettier-ignore
  convolveFused: (x, { weights }) =>
    tf.fused.conv2d({
      ...{ x, filter: weights.filter, strides: 1, pad: 'same' },
      ...{ bias: weights.vector, activation: 'relu6' },
    }),
  depthwise: (x, { weights }) => tf.depthwiseConv2d(x, weights.depthwise, 1, 'same'),
  scale: (x, scope) => bounded(tf.mul(x, number(scope))),
  divide: (x, scope) => tf.div(x, tf.add(tf.relu(number(scope)), 1)),
  divideByWeight: (x, { weights }) => bounded(tf.div(x, weights.number)),
  atLeast: (x, scope) => bounded(tf.maximum(x, number(scope))),
  atMost: (x, scope) => bounded(tf.minimum(number(scope), x)),
  power: (x, { source }) => bounded(tf.pow(x, tf.scalar(source.pick(2, 3)))),
  mask: (x, scope) => tf.mul(x, mask(scope)),
  maskWhole: (x, scope) => tf.mul(x, wholeMask(x, scope)),
  maskedBranch: (x, scope) =>
    bounded(tf.add(x, tf.mul(convolved(tf.relu(other(scope)), scope), mask(scope)))),
  select: (x, scope) => tf.where(tf.cast(wholeMask(x, scope), 'bool'), x, other(scope)),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  gate: (x, scope) => bounded(tf.mul(x, tf.mul(tf.relu6(tf.add(x, number(scope))), number(scope)))),
  add: (x, { weights }) => tf.add(x, weights.vector),
  subtract: (x, scope) => bounded(tf.sub(number(scope), x)),
  addN: (x, scope) => bounded(tf.addN([x, other(scope), other(scope)])),
  hourglass: (x) => tf.image.resizeBilinear(tf.maxPool(x, 2, 2, 'same'), [x.shape[1], x.shape[2]]),
  upsideDown: (x) => {
    const [, height, width, channels] = x.shape;
    // A list that changes meanwhile.
    const begin: [number, number, number, number] = [0, 0, 0, 0];
    const rows: Map4D[] = [];
    for (let row = height - 1; row >= 0; row--) {
      begin[1] = row;
      rows.push(tf.slice(x, begin, [1, 1, width, channels]));
    }
    return tf.concat(rows, 1);
  },
  gather: (x) => {
    const [, height, width, channels] = x.shape;
    const places = tf.range(0, height * width, 1, 'int32');
    return tf.reshape(tf.gather(tf.reshape(x, [-1, channels]), places), x.shape);
  },
  leakyRelu: (x) => tf.leakyRelu(x, 0.3),
  prelu: (x, { weights }) =>
    bounded(tf.prelu(x, tf.clipByValue<tf.Tensor>(weights.vector, 0, 1) as Map4D)),
  addComputedWeight: (x, scope) =>
    bounded(tf.add(x, tf.mul(tf.tanh(tf.mul(scope.weights.vector, 2)), other(scope)))),
  call: (x, scope) => {
    const { inner, inputs, source } = scope;
    // Of what inputs do not decide, now and then.
    const map = source.chance(0.4) ? tf.fill(x.shape, 0.5) : x;
    return inner ? inner(map, mask(scope), ...inputs.slice(2)) : tf.elu(x);
  },
};

/** So that no score of quarters lies on a threshold. */
const SHIFT = 0.0137;

/** Steps that make masks, of a map. */
const MASKS: Steps<Map4D> = {
  compare: (x, { weights, source, onThreshold }) => {
    const [, , , channels] = x.shape;
    const scores = tf.conv2d(x, tf.slice(weights.filter, 0, [1, 1, channels, 1]), 1, 'valid');
    const threshold = tf.scalar(source.int(-3, 3) / 8 + SHIFT);
    onThreshold(scores, threshold);
    return tf.cast(tf.greater(scores, threshold), 'float32');
  },
  compareWithNumber: (x, scope) => {
    const [, height, width] = x.shape;
    const scores = tf.slice(convolved(x, scope), 0, [1, height, width, 1]);
    const shifted = tf.sub(scores, SHIFT);
    const limit = scope.source.pick(...scope.numbers.slice(-2));
    scope.onThreshold(shifted, limit);
    return tf.cast(tf.lessEqual(shifted, limit), 'float32');
  },
};

/** Steps that make numbers, of a map. */
const MEANS: Steps<tf.Tensor> = {
  mean: (x, scope) => tf.reshape(tf.add(tf.relu(tf.mean(x)), 0.5), number(scope).shape),
};

export const STEPS = [MAPS, MASKS, MEANS].flatMap((steps) => Object.keys(steps));

/** Adds what a step makes of `x` to what is there. */
export function runStep(name: string, x: Map4D, scope: Scope): void {
  if (name in MAPS) scope.maps.push(...[MAPS[name](x, scope)].flat());
  else if (name in MASKS) scope.masks.push(MASKS[name](x, scope));
  else scope.numbers.unshift(MEANS[name](x, scope));
}
