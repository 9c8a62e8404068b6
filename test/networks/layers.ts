import * as tf from '@tensorflow/tfjs-core';
import type { Source } from '../backend/source.js';

type Map4D = tf.Tensor4D;
type Pair = [number, number];

/** What a layer is made of, and works on besides its input. */
export interface Scope {
  /** The choices of this layer, the same in each prediction. */
  readonly source: Source;
  /** A mate for a value: one that fits. */
  readonly mate: (fits: (value: Map4D) => boolean) => Map4D;
  /** Weights that are at most `scale` from `center`, the same in each prediction. */
  readonly weights: <R extends tf.Rank>(
    shape: tf.ShapeMap[R],
    scale?: number,
    center?: number,
  ) => tf.Tensor<R>;
  /** Noughts and ones, for all channels of `x`. */
  readonly mask: (x: Map4D) => Map4D;
  /** What is made once, for all predictions; it draws nothing. */
  readonly keep: <T extends tf.Tensor>(make: () => T) => T;
}

/** Maps of more values are not made larger. */
const MOST_VALUES = 60_000;

const sameShape = (x: Map4D) => (y: Map4D) => tf.util.arraysEqual(x.shape, y.shape);
const samePlace = (x: Map4D) => (y: Map4D) =>
  tf.util.arraysEqual(x.shape.slice(0, 3), y.shape.slice(0, 3));
const vector = (x: Map4D, { weights }: Scope): tf.Tensor1D => weights<tf.Rank.R1>([x.shape[3]]);
const bounded = (x: Map4D): Map4D => tf.clipByValue(x, -8, 8);

/** Numbers of output channels: few, one, or those about the widths of microkernels. */
function channelsFor({ size, shape }: Map4D, { source }: Scope): number {
  const few = source.chance(0.75) ? source.int(1, 17) : source.pick(1, 24, 31, 32, 33, 48, 64, 100);
  return Math.min(few, Math.max(1, Math.floor((MOST_VALUES * shape[3]) / size)));
}

/** Filter, strides, dilations and padding of a convolution of `x`. */
function convolution(x: Map4D, scope: Scope) {
  const { source, weights } = scope;
  const [, height, width, channels] = x.shape;
  const most = channels > 16 ? 3 : 6;
  const side = (length: number): number => source.int(1, Math.min(most, length + 2));
  const kernel: Pair = source.chance(0.4) ? [3, 3] : [side(height), side(width)];
  const pair = (): Pair => [source.int(1, 3), source.int(1, 3)];
  const strides: Pair = source.chance(0.3) ? pair() : [1, 1];
  const dilations: Pair = Math.max(...strides) === 1 && source.chance(0.3) ? pair() : [1, 1];
  const [tall, wide] = [0, 1].map((axis) => (kernel[axis] - 1) * dilations[axis] + 1);
  const isValid = tall <= height && wide <= width && source.chance(0.3);
  const scale = 1 / Math.sqrt((kernel[0] * kernel[1] * channels) / 3);
  const shape = [...kernel, channels, channelsFor(x, scope)] as [number, number, number, number];
  const filter = weights<tf.Rank.R4>(shape, scale);
  return { x, filter, strides, dilations, pad: isValid ? ('valid' as const) : ('same' as const) };
}

function depthwise(x: Map4D, { source, weights }: Scope): Map4D {
  const [height, width] = source.chance(0.5) ? [3, 3] : [source.int(1, 5), source.int(1, 5)];
  const filter = weights<tf.Rank.R4>([height, width, x.shape[3], 1]);
  const strides = source.pick(1, 1, 1, 2, 3);
  const dilations = strides === 1 ? source.pick(1, 1, 1, 2) : 1;
  return tf.depthwiseConv2d(x, filter, strides, 'same', 'NHWC', dilations);
}

/** The layers, by name. */
export const LAYERS: Record<string, (x: Map4D, scope: Scope) => Map4D> = {
  conv: (x, scope) => {
    const { filter, strides, pad, dilations } = convolution(x, scope);
    return tf.conv2d(x, filter, strides, pad, 'NHWC', dilations);
  },
  fusedConv: (x, scope) => {
    const window = convolution(x, scope);
    const bias = scope.weights<tf.Rank.R1>([window.filter.shape[3]]);
    const activation = scope.source.pick('linear', 'relu', 'relu6', 'elu', 'sigmoid');
    return tf.fused.conv2d({ ...window, bias, activation });
  },
  transposedConv: (x, scope) => {
    const [batch, height, width, channels] = x.shape;
    const { source } = scope;
    const stride = x.size > MOST_VALUES / 4 ? 1 : source.int(1, 2);
    const outChannels = Math.ceil(channelsFor(x, scope) / stride ** 2);
    const [tall, wide] = [source.int(1, 4), source.int(1, 4)];
    const filter = scope.weights<tf.Rank.R4>([tall, wide, outChannels, channels], 0.3);
    const shape: [number, number, number, number] = [batch, height * stride, width * stride, outChannels]; // prettier-ignore
    return bounded(tf.conv2dTranspose(x, filter, shape, stride, 'same'));
  },
  matMul: (x, scope) => {
    const [batch, height, width, channels] = x.shape;
    const outChannels = channelsFor(x, scope);
    const weights = scope.weights<tf.Rank.R2>([channels, outChannels], 0.5);
    const product = tf.matMul(tf.reshape<tf.Rank.R2>(x, [-1, channels]), weights);
    return tf.reshape(product, [batch, height, width, outChannels]);
  },
  depthwise,
  pool: (x, { source }) => {
    const pair = (most: number): Pair => [source.int(1, most), source.int(1, most)];
    const pool = source.pick(tf.maxPool<Map4D>, tf.avgPool<Map4D>);
    return pool(x, pair(4), pair(3), 'same');
  },
  mask: (x, { mask }) => tf.mul(x, mask(x)),
  decide: (x, { source, weights }) => {
    const scores = tf.conv2d(x, weights<tf.Rank.R4>([1, 1, x.shape[3], 1]), 1, 'same');
    return tf.mul(x, tf.cast(tf.greater(scores, source.pick(-0.5, 0, 0.3)), 'float32'));
  },
  block: (x, scope) => {
    const square: [number, number, number, number] = [3, 3, x.shape[3], x.shape[3]];
    const filter = scope.weights<tf.Rank.R4>(square, 0.6 / Math.sqrt(x.shape[3]));
    return bounded(tf.add(x, tf.mul(tf.relu(tf.conv2d(x, filter, 1, 'same')), scope.mask(x))));
  },
  select: (x, scope) => {
    const whole = tf.tile(tf.cast(scope.mask(x), 'bool'), [1, 1, 1, x.shape[3]]);
    const condition = tf.broadcastTo(whole, x.shape);
    return tf.where(condition, x, scope.mate(sameShape(x)));
  },
  relu: (x) => tf.relu(x),
  clip: (x) => tf.clipByValue(x, -0.3, 0.8),
  value: (x, { source }) =>
    source.pick(tf.sigmoid, tf.tanh, tf.elu, tf.exp, tf.square, tf.abs)(tf.clipByValue(x, -2, 2)),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  leakyRelu: (x) => tf.leakyRelu(x, 0.1),
  prelu: (x, scope) => tf.prelu<tf.Tensor>(x, vector(x, scope)) as Map4D,
  binary: (x, { source, mate }) => {
    const combine = source.pick(tf.add, tf.add, tf.sub, tf.maximum, tf.mul);
    return bounded(combine<Map4D>(x, mate(sameShape(x))));
  },
  concat: (x, { mate }) =>
    x.size > MOST_VALUES / 2 ? tf.relu(x) : tf.concat([x, mate(samePlace(x))], 3),
  resize: (x, { source }) => {
    const [batch, , , channels] = x.shape;
    const most = Math.max(1, Math.min(40, Math.floor(Math.sqrt(MOST_VALUES / batch / channels))));
    const size: Pair = [source.int(1, most), source.int(1, most)];
    const resize = source.pick(tf.image.resizeNearestNeighbor, tf.image.resizeBilinear);
    const align = source.chance(0.3);
    return resize(x, size, align, !align && source.chance(0.5));
  },
  pad: (x, { source }) => {
    if (x.size > MOST_VALUES) return tf.relu(x);
    const sides = (): Pair => [source.int(0, 3), source.int(0, 3)];
    return tf.pad(x, [[0, 0], sides(), sides(), [0, 0]], source.pick(0, 0, 1.5));
  },
  batchNorm: (x, scope) => {
    const variance = scope.weights<tf.Rank.R1>([x.shape[3]], 0.5, 1);
    return tf.batchNorm(x, vector(x, scope), variance, vector(x, scope), vector(x, scope));
  },
  bias: (x, scope) => tf.add(x, vector(x, scope)),
  scale: (x, { source }) => tf.mul(x, source.pick(0, 0.5, -1, 2)),
  gate: (x) => tf.mul(x, tf.sigmoid(tf.mean(x, [1, 2], true))),
  gather: (x, { source, keep }) => {
    const rows = Array.from({ length: source.int(1, 6) }, () => source.int(0, x.shape[1] - 1));
    return tf.gather(x, keep(() => tf.tensor1d(rows, 'int32')), 1); // prettier-ignore
  },
};
