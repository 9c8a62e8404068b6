import * as tf from '@tensorflow/tfjs-core';
import { coins, filter, quarters } from './random-tensors.js';

/** A small network with masked blocks, built of operations: weights, and what predicts with them. */
export interface Predictor {
  input: tf.Tensor4D;
  predict(x: tf.Tensor4D): tf.Tensor4D;
  dispose(): void;
}

/** A stem, `blocks` residual blocks under masks of their own, and a head of one channel. */
export function predictor(size = 12, channels = 8, blocks = 2): Predictor {
  const input = quarters([1, size, size, 3], 1) as tf.Tensor4D;
  const stem = filter([3, 3, 3, channels], 2);
  const head = filter([1, 1, channels, 1], 3);
  const levels = Array.from({ length: blocks }, (_, index) => ({
    expand: filter([1, 1, channels, 2 * channels], 10 * index + 4),
    depthwise: quarters([3, 3, 2 * channels, 1], 10 * index + 5) as tf.Tensor4D,
    project: filter([1, 1, 2 * channels, channels], 10 * index + 6),
    mask: coins([1, size, size, 1], 0.3, 10 * index + 7),
  }));
  return {
    input,
    predict: (x) =>
      tf.tidy(() => {
        let y: tf.Tensor4D = tf.relu(tf.conv2d(x, stem, 1, 'same'));
        for (const { expand, depthwise, project, mask } of levels) {
          const hidden = tf.relu6(tf.conv2d(y, expand, 1, 'same'));
          const spread = tf.relu6(tf.depthwiseConv2d(hidden, depthwise, 1, 'same'));
          y = tf.add(y, tf.mul(tf.conv2d(spread, project, 1, 'same'), mask));
        }
        return tf.conv2d(tf.relu(y), head, 1, 'same');
      }),
    dispose: () => {
      tf.dispose([input, stem, head, ...levels.flatMap((level) => Object.values(level))]);
    },
  };
}

/**
 * An hourglass: at each of `levels` levels a block at full resolution beside all that is smaller, joined
 * by an addition, and at the end by a concatenation, too. Every block's mask is computed from its input.
 */
export function hourglassPredictor(size = 48, channels = 16, levels = 3): Predictor {
  const input = quarters([1, size, size, 3], 1) as tf.Tensor4D;
  const weights: tf.Tensor[] = [input];
  const keep = <T extends tf.Tensor>(tensor: T): T => {
    weights.push(tensor);
    return tensor;
  };
  let seed = 2;
  const weightsOf = (...shape: [number, number, number, number]) => keep(filter(shape, seed++));
  const block = () => {
    const mask = weightsOf(1, 1, channels, 1);
    const first = weightsOf(3, 3, channels, channels);
    const second = weightsOf(1, 1, channels, channels);
    return (x: tf.Tensor4D): tf.Tensor4D => {
      const open = tf.cast(tf.greaterEqual(tf.conv2d(x, mask, 1, 'same'), 0.25), 'float32');
      const hidden = tf.relu6(tf.conv2d(x, first, 1, 'same'));
      return tf.add(x, tf.mul(tf.conv2d(hidden, second, 1, 'same'), open));
    };
  };
  type Block = (x: tf.Tensor4D) => tf.Tensor4D;
  const level = (depth: number): Block => {
    const [up, before, after] = [block(), block(), block()];
    const inner: Block = depth > 1 ? level(depth - 1) : block();
    return (x) => {
      const low = after(inner(before(tf.maxPool(x, 2, 2, 'same'))));
      const [, height, width] = x.shape;
      return tf.add(up(x), tf.image.resizeNearestNeighbor(low, [height, width]));
    };
  };
  const stem = weightsOf(3, 3, 3, channels);
  const [nets, beside] = [[level(levels), level(levels)], block()];
  const head = weightsOf(1, 1, 2 * channels, 4);
  return {
    input,
    predict: (x) =>
      tf.tidy(() => {
        const start: tf.Tensor4D = tf.relu(tf.conv2d(x, stem, 1, 'same'));
        const end = nets.reduce((y, net) => net(y), start);
        return tf.conv2d(tf.concat([end, beside(start)], 3), head, 1, 'same');
      }),
    dispose: () => {
      tf.dispose(weights);
    },
  };
}
