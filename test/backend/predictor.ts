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
