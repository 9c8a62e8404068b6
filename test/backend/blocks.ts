import * as tf from '@tensorflow/tfjs-core';
import { makeMask } from './masks.js';
import type { MaskSpec, OnThreshold } from './masks.js';
import { coins, filter, quarters } from './random-tensors.js';

type Map4D = tf.Tensor4D;

/** The residual blocks of the networks that have masks. */
export const BLOCKS = ['mobilenet', 'basic', 'bottleneck', 'preactivation'] as const;

export interface BlockSpec {
  kind: (typeof BLOCKS)[number];
  mask: MaskSpec;
  /** An activation follows the sum. */
  relu: boolean;
  seed: number;
}

/** x + mask * f(x), or its activation. */
export function residualBlock(x: Map4D, block: BlockSpec, onThreshold: OnThreshold): Map4D {
  const { mask: spec, relu, seed } = block;
  const mask = makeMask({ ...spec, seed: spec.seed + seed }, x, onThreshold);
  const sum = tf.add<Map4D>(x, tf.mul(branch(x, block), mask));
  return relu ? tf.relu(sum) : sum;
}

function branch(x: Map4D, { kind, seed }: BlockSpec): Map4D {
  const [, , , channels] = x.shape;
  const conv = (y: Map4D, size: number, to: number, k: number): Map4D =>
    tf.conv2d(y, filter([size, size, y.shape[3], to], seed + k), 1, 'same');
  switch (kind) {
    case 'mobilenet': {
      const expanded = tf.relu6(conv(x, 1, 2 * channels, 1));
      const weights = filter([3, 3, 1, 2 * channels], seed + 2);
      const depthwise = tf.reshape<tf.Rank.R4>(weights, [3, 3, 2 * channels, 1]);
      return conv(tf.relu6(tf.depthwiseConv2d(expanded, depthwise, 1, 'same')), 1, channels, 3);
    }
    case 'basic':
      return conv(tf.relu(conv(x, 3, channels, 1)), 3, channels, 2);
    case 'bottleneck': {
      const narrow = Math.max(1, channels >> 1);
      return conv(tf.relu(conv(tf.relu(conv(x, 1, narrow, 1)), 3, narrow, 2)), 1, channels, 3);
    }
    case 'preactivation': {
      const normalized = tf.add(tf.mul<Map4D>(x, quarters([channels], seed + 4)), 0.25);
      return conv(tf.relu(conv(tf.relu(normalized) as Map4D, 3, channels, 1)), 1, channels, 2);
    }
  }
}

/** Down, around, and up again, with masked blocks on every level. */
export function hourglass(
  x: Map4D,
  spec: { depth: number; mask: MaskSpec; seed: number },
  onThreshold: OnThreshold,
): Map4D {
  const { depth, mask, seed } = spec;
  const [, height, width] = x.shape;
  const block = (y: Map4D, k: number): Map4D =>
    residualBlock(
      y,
      { kind: 'mobilenet', mask, relu: false, seed: seed + 10 * depth + k },
      onThreshold,
    );
  if (depth === 0 || height < 2 || width < 2) return block(x, 0);
  const down = block(tf.maxPool(x, 2, 2, 'same'), 1);
  const inner = block(hourglass(down, { ...spec, depth: depth - 1 }, onThreshold), 2);
  const up = tf.image.resizeNearestNeighbor(inner, [height, width]);
  return tf.add<Map4D>(block(x, 3), tf.mul(up, coins([1, height, width, 1], 0.7, seed)));
}
