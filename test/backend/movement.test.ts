import * as tf from '@tensorflow/tfjs-core';
import { deferred, describeCases, map, type Map4D } from './cases.js';
import { coins, filter, quarters } from './random-tensors.js';

describeCases('an operation that moves or gathers pixels', {
  'a convolution of what was padded': () => {
    const x = deferred(map([2, 6, 7, 3]));
    const borders: [number, number][][] = [
      [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ],
      [
        [0, 0],
        [2, 0],
        [3, 1],
        [0, 0],
      ],
    ];
    return borders.flatMap((border) =>
      [0, 0.5].flatMap((value) => {
        const padded = tf.pad(x, border, value);
        return [
          padded,
          tf.conv2d(padded, filter([3, 3, 3, 4], 2), 2, 'valid'),
          tf.conv2d(padded, filter([3, 2, 3, 4], 2), 1, 'same'),
          tf.conv2d(tf.pad(padded, border, value), filter([3, 3, 3, 9], 2), 1, 'valid'),
          tf.depthwiseConv2d(padded, filter([5, 3, 3, 1], 3), 1, 'valid'),
          tf.mul(
            tf.depthwiseConv2d(padded, filter([3, 3, 3, 1], 3), 1, 'same'),
            coins([2, padded.shape[1], padded.shape[2], 1], 0.4, 5),
          ),
          tf.maxPool(padded, 3, 2, 'valid'),
        ];
      }),
    );
  },
  'channels of zeros before and after': () => {
    const x = deferred(map([2, 3, 4, 5]));
    const masked = tf.mul(x, coins([2, 3, 4, 1], 0.5, 3));
    return (
      [
        [0, 3],
        [2, 0],
        [1, 8],
      ] as [number, number][]
    ).flatMap((channels) => {
      const border = [[0, 0], [0, 0], [0, 0], channels] as [number, number][];
      const both = [[0, 0], [1, 0], [0, 2], channels] as [number, number][];
      return [
        tf.pad(x, border),
        tf.relu(tf.pad(masked, border)),
        tf.pad(x, border, 2),
        tf.pad(x, both),
      ];
    });
  },
  'the mean over pixels': () => {
    const x = deferred(map([3, 5, 7, 19]));
    const masked = tf.mul(x, coins([3, 5, 7, 1], 0.5, 3));
    return [
      ...[tf.mean(x, [1, 2]), tf.mean(x, [1, 2], true), tf.mean(masked, [2, 1], true)],
      ...[tf.mean(tf.reshape(x, [3, 35, 19]), 1), tf.mean(tf.reshape(x, [3, 35, 19]), -2, true)],
      ...[tf.mean(x, [0, 1]), tf.mean(x, 3), tf.mean(x), tf.mean(map([2, 70, 70, 3]), [1, 2])],
      tf.mul(x, tf.sigmoid(tf.mean(x, [1, 2], true))),
      ...[tf.avgPool(x, [5, 7], 1, 'valid'), tf.avgPool(masked as Map4D, [5, 7], [5, 7], 'same')],
    ];
  },
  'channels moved before and behind the pixels': () => {
    const x = deferred(map([2, 3, 5, 9]));
    const masked = tf.mul(x, coins([2, 3, 5, 1], 0.5, 3));
    const permutations = [
      [0, 3, 1, 2],
      [0, 2, 3, 1],
      [1, 2, 3, 0],
      [3, 0, 1, 2],
      [0, 1, 3, 2],
      [0, 2, 1, 3],
      [3, 2, 1, 0],
      [0, 1, 2, 3],
    ];
    return permutations.flatMap((perm) => {
      const back = perm.map((_, axis) => perm.indexOf(axis));
      const moved = tf.leakyRelu(tf.transpose(masked, perm));
      const window = tf.mul(tf.transpose(moved, back), coins([2, 3, 5, 1], 0.3, 4));
      return [moved, window, tf.transpose(tf.reshape(x, [6, 45]))];
    });
  },
  'a vector spread over values in memory': () => {
    const x = map([2, 3, 4, 5]);
    const v = quarters([1, 1, 1, 5], 3);
    return [
      ...[tf.add(x, v), tf.sub(x, v), tf.mul(x, v), tf.add(v, x), tf.sub(v, x), tf.mul(v, x)],
      ...[tf.mul(tf.sub(x, v), quarters([5], 4)), tf.add(quarters([1, 5], 2), quarters([5], 4))],
    ];
  },
  'a sum of many, some of them masked': () => {
    const x = deferred(map([1, 6, 6, 3]));
    const masked = (seed: number) => tf.mul(x, coins([1, 6, 6, 1], 0.4, seed));
    return [
      tf.addN([masked(1), x, masked(2)]),
      tf.addN([x, masked(3), deferred(map([1, 6, 6, 3], 5))]),
      tf.addN([masked(4), masked(5)]),
      x,
    ];
  },
});
