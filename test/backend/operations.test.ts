import * as tf from '@tensorflow/tfjs-core';
import { deferred, describeCases, map, type Map4D } from './cases.js';
import { coins, filter, quarters } from './random-tensors.js';

describeCases('an operation on deferred values', {
  'an average over more taps than are read through addresses': () =>
    tf.avgPool(map([1, 70, 70, 3]), 70, 1, 'valid'),
  'a maximum over more taps than are read through addresses': () =>
    tf.maxPool(deferred(map([1, 70, 70, 3])), 66, 2, 'valid'),
  'a convolution with more taps than are read through addresses': () =>
    tf.conv2d(map([1, 67, 67, 9]), filter([66, 66, 9, 2], 2), 1, 'valid'),
  'a depthwise convolution with more taps than are read through addresses': () =>
    tf.depthwiseConv2d(map([1, 67, 67, 2]), filter([66, 66, 2, 1], 2), 1, 'valid'),
  'one filter with two biases, and with none': () => {
    const [x, weights] = [map([1, 5, 5, 9]), filter([1, 1, 9, 12], 2)];
    const biased = [3, 4].map((seed) =>
      tf.fused.conv2d({ x, filter: weights, strides: 1, pad: 'same', bias: quarters([12], seed) }),
    );
    return [...biased, tf.conv2d(x, weights, 1, 'same'), tf.add(biased[0], biased[1])];
  },
  'one filter in two shapes': () => {
    const weights = filter([1, 1, 16, 4], 2);
    return [
      tf.conv2d(map([1, 5, 5, 16]), weights, 1, 'same'),
      tf.conv2d(map([1, 5, 5, 4]), tf.reshape<tf.Rank.R4>(weights, [1, 1, 4, 16]), 1, 'same'),
      tf.conv2d(map([1, 5, 5, 4]), tf.reshape<tf.Rank.R4>(weights, [2, 2, 4, 4]), 1, 'same'),
      tf.conv2d(map([1, 5, 5, 8]), tf.reshape<tf.Rank.R4>(weights, [2, 1, 8, 4]), 1, 'same'),
    ];
  },
  'a filter that is computed': () =>
    tf.conv2d(map([1, 5, 5, 3]), deferred(filter([3, 3, 3, 4], 2)), 1, 'same'),
  'a filter that is the features, too': () => {
    const x = deferred(map([3, 3, 3, 3]));
    return tf.conv2d(x, x, 1, 'valid');
  },
  'a depthwise convolution with two outputs a channel': () =>
    tf.depthwiseConv2d(deferred(map([1, 6, 6, 3])), filter([3, 3, 3, 2], 2), 1, 'same'),
  'a bias with a shape of rank 3': () =>
    tf.fused.conv2d({
      ...{ x: map([1, 4, 4, 3]), filter: filter([1, 1, 3, 4], 2), strides: 1, pad: 'same' },
      bias: quarters([1, 1, 4], 3),
    }),
  'a sum of a map and itself': () => {
    const x = tf.mul(deferred(map([1, 6, 6, 3])), coins([1, 6, 6, 1], 0.4, 2));
    return [tf.add(x, x), tf.sub(x, x), tf.mul(x, x), tf.concat([x, x, x], 3)];
  },
  'broadcasts of features over a batch and over lines': () => {
    const x = deferred(map([1, 4, 5, 3]));
    return [
      ...([tf.add, tf.mul, tf.sub, tf.maximum, tf.div] as const).flatMap((f) => [
        f(x, tf.add(tf.abs(map([2, 4, 5, 3], 3)), 1)),
        f(x, tf.add(tf.abs(map([1, 1, 5, 3], 4)), 1)),
        f(x, tf.add(tf.abs(map([2, 4, 1, 1], 5)), 1)),
        f(
          tf.slice(x, [0, 0, 0, 0], [1, 4, 5, 1]),
          deferred(tf.add(tf.abs(map([2, 4, 5, 1], 6)), 1)),
        ),
      ]),
    ];
  },
  'integers and truth values that are deferred': () => {
    const x = tf.cast(tf.mul(deferred(map([1, 4, 5, 3])), 8), 'int32');
    const y = tf.cast(tf.mul(deferred(map([1, 4, 5, 3], 2)), 4), 'int32');
    const [p, q] = [tf.greater(x, y), tf.lessEqual(x, tf.scalar(1, 'int32'))];
    return [
      ...[tf.add(x, y), tf.sub(x, y), tf.mul(x, y), tf.maximum(x, y), tf.minimum(x, y)],
      ...[tf.squaredDifference(x, y), tf.abs(x), tf.neg(x), tf.square(x), tf.relu(x), tf.sign(x)],
      ...[tf.floorDiv(x, tf.add(tf.abs(y), tf.scalar(1, 'int32')))],
      ...[tf.mod(x, tf.add(tf.abs(y), tf.scalar(1, 'int32')))],
      ...[tf.logicalAnd(p, q), tf.logicalOr(p, q), tf.logicalXor(p, q), tf.logicalNot(p)],
      ...[tf.where(p, x, y), tf.where(p, deferred(map([1, 4, 5, 3], 4)), tf.ones([1, 4, 5, 3]))],
      ...[tf.cast(p, 'int32'), tf.cast(p, 'float32'), tf.tile(p, [1, 1, 1, 2]), tf.equal(x, y)],
      ...[tf.zerosLike(p), tf.onesLike(x), tf.concat([x, y], 3), tf.reshape(p, [20, 3])],
    ];
  },
  'sums of many integers': () => {
    const integers = (seed: number) => tf.cast(deferred(map([1, 4, 5, 3], seed)), 'int32');
    return [
      tf.addN([integers(1), integers(2), integers(3)]),
      tf.addN([tf.ones([1, 4, 5, 3], 'int32'), integers(1)]),
    ];
  },
  'what takes a list of tensors and runs on the cpu backend': () => {
    const [a, b] = [deferred(map([1, 2, 2, 3])), deferred(map([1, 2, 2, 3], 2))];
    const numbers = [tf.complex(a, b), tf.complex(b, a)];
    return [
      tf.einsum('abci,abcj->ij', a, b),
      tf.image.rgbToGrayscale(a),
      ...[tf.concat(numbers, 1), tf.stack(numbers)].flatMap((z) => [tf.real(z), tf.imag(z)]),
    ];
  },
  'maps of one pixel, and vectors': () => {
    const x = deferred(map([1, 1, 1, 5]));
    const v = tf.reshape(x, [5]);
    return [
      ...[tf.sigmoid(x), tf.relu(v), tf.mul(v, 2), tf.add(v, tf.reshape(x, [1, 5]))],
      ...[tf.mul(x, coins([1, 1, 1, 1], 1, 2)), tf.mul(x, tf.zeros([1, 1, 1, 1])), tf.max(v)],
      ...[tf.prelu(v, quarters([5], 3)), tf.elu(v), tf.cast(v, 'int32'), tf.clipByValue(v, 0, 1)],
      ...[tf.mul(tf.reshape(v, [5, 1]), coins([5, 1], 0.5, 3)), tf.sub(tf.scalar(1), v)],
    ];
  },
  'maps of one pixel times one value that is still to be computed': () => {
    const x = map([1, 1, 1, 5]);
    const weights = filter([1, 1, 5, 1], 2);
    // With a bias it is no mask.
    const score = () =>
      tf.fused.conv2d({ x, filter: weights, strides: 1, pad: 'same', bias: tf.tensor1d([0.5]) });
    const nothing = () => tf.mul(score(), tf.zeros([1, 1, 1, 1]));
    const values = [score, () => tf.sigmoid(score()), () => tf.relu(tf.neg(score())), nothing];
    // Without another reader the value is not in memory when it is needed.
    return values.flatMap((value) => [
      ...[tf.tidy(() => tf.mul(x, value())), tf.tidy(() => tf.mul(value(), deferred(x)))],
    ]);
  },
  'sequences of rank 2 and 3': () => {
    const x = deferred(map([2, 4, 3, 5]));
    const rows = tf.reshape(x, [8, 15]);
    const steps = tf.reshape(x, [2, 12, 5]);
    return [
      ...[tf.mul(rows, coins([8, 1], 0.5, 2)), tf.relu(tf.add(rows, quarters([15], 3)))],
      ...[tf.mul(steps, coins([2, 12, 1], 0.5, 4)), tf.mul(steps, coins([12, 1], 0.5, 5))],
      ...[tf.matMul(rows, rows, false, true), tf.softmax(rows), tf.sum(steps, 1)],
      ...[tf.transpose(steps, [2, 0, 1]), tf.batchNorm(x, quarters([5], 1), tf.ones([5]))],
      ...[tf.where(coins([2, 12, 1], 0.5, 7, 'bool'), steps, tf.zerosLike(steps))],
      ...tf.split(steps, 2, 1),
    ];
  },
  'a mask that is nowhere but in the padding': () => {
    const frame = tf.pad(
      tf.zeros([1, 4, 4, 1]),
      [
        [0, 0],
        [2, 2],
        [2, 2],
        [0, 0],
      ],
      1,
    );
    const x = tf.pad(
      deferred(map([1, 4, 4, 3])),
      [
        [0, 0],
        [2, 2],
        [2, 2],
        [0, 0],
      ],
      0.5,
    );
    const elu = tf.fused.conv2d({
      ...{ x: x, filter: filter([1, 1, 3, 4], 2), strides: 1, pad: 'same' },
      activation: 'elu',
    });
    return [tf.mul(x, frame), tf.mul(elu, frame), tf.mul(tf.exp(x), tf.sub(1, frame))];
  },
  'what is not zero where its input is': () => {
    const operations: ((x: tf.Tensor4D) => tf.Tensor)[] = [
      (x) => tf.clipByValue(x, 0.25, 1),
      (x) => tf.clipByValue(x, -2, -0.5),
      (x) => tf.maximum(x, 0.5),
      (x) => tf.minimum(-0.5, x),
      (x) => tf.add(x, quarters([3], 3)),
      (x) => tf.sub(x, 0.5),
      (x) => tf.sub(0.5, x),
      (x) => tf.div(1, tf.add(x, 2)),
      (x) => tf.cos(x),
      (x) => tf.sigmoid(x),
      (x) => tf.batchNorm(x, quarters([3], 4), tf.ones([3])),
      (x) => tf.equal(x, 0),
      (x) => tf.pow(x, tf.scalar(0)),
      (x) =>
        tf.fused.conv2d({
          ...{ x, filter: filter([3, 3, 3, 4], 2), strides: 1, pad: 'valid' },
          ...{ bias: quarters([4], 5), activation: 'sigmoid' },
        }),
      (x) =>
        tf.pad(
          x,
          [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ],
          2,
        ),
    ];
    return operations.map((operation) => {
      const x = tf.mul<Map4D>(deferred(map([2, 4, 4, 3])), coins([2, 4, 4, 1], 0.3, 2));
      const y = operation(x);
      // With the node as their only reader the rows stay compact.
      x.dispose();
      return y;
    });
  },
  'what is clamped after a masked sum, on values of either sign': () => {
    const shape: [number, number, number, number] = [1, 4, 4, 4];
    const mixed = (): Map4D => deferred(map(shape, 7));
    const positive = (): Map4D => tf.relu(deferred(map(shape, 8)));
    const mask = coins([1, 4, 4, 1], 0.5, 9);
    const trunks: tf.Tensor[] = [
      ...[tf.concat([positive(), mixed()], 3), tf.concat([mixed(), positive()], 3)],
      ...[tf.add(positive(), mixed()), tf.mul(positive(), mixed()), tf.sub(positive(), positive())],
      ...[tf.maxPool(mixed(), 2, 1, 'same'), tf.avgPool(mixed(), 2, 1, 'same'), tf.neg(positive())],
      ...[
        tf.image.resizeBilinear(mixed(), [6, 6]),
        tf.image.resizeNearestNeighbor(mixed(), [8, 8]),
      ],
      ...[tf.where(tf.cast(mask, 'bool'), positive(), mixed()), tf.clipByValue(mixed(), -1, 2)],
      ...[tf.where(tf.cast(mask, 'bool'), mixed(), positive()), tf.minimum(positive(), -0.5)],
      ...[tf.elu(mixed()), tf.leakyRelu(mixed()), tf.tanh(mixed()), tf.add(positive(), -0.5)],
      ...[
        tf.pad(
          positive(),
          [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ],
          -1,
        ),
        tf.mul(positive(), -1),
      ],
      ...[tf.batchNorm(positive(), tf.ones([4]), tf.ones([4])), tf.mul(mixed(), mask)],
      ...[tf.addN([positive(), mixed(), positive()]), tf.div(positive(), -2), tf.clone(mixed())],
      ...[positive(), tf.add(positive(), positive()), tf.sigmoid(mixed()), tf.square(mixed())],
    ];
    return trunks.map((trunk, index) => {
      const [, height, width, channels] = trunk.shape;
      return tf.tidy(() => {
        const weights = filter([1, 1, channels, channels], index);
        const branch = tf.conv2d(trunk as Map4D, weights, 1, 'same');
        const mask = coins([1, height, width, 1], 0.3, index);
        return tf.relu(tf.add(trunk, tf.mul(branch, mask)));
      });
    });
  },
  'what is clamped after several masked sums': () => {
    const shape: [number, number, number, number] = [1, 6, 6, 4];
    const branch = (seed: number) =>
      tf.mul(deferred(map(shape, seed)), coins([1, 6, 6, 1], 0.5, seed + 1));
    // Trunks in memory or not; a 1 adds a masked branch, a 0 clamps.
    return [true, false].flatMap((isRead) =>
      ['10110', '110', '1101110', '100110', '0110'].map((steps) =>
        tf.tidy(() => {
          let trunk: tf.Tensor4D = tf.relu(deferred(map(shape, 3)));
          if (isRead) trunk.dataSync();
          steps.split('').forEach((step, index) => {
            trunk = step === '1' ? tf.add(trunk, branch(10 + index)) : tf.relu(trunk);
          });
          return trunk;
        }),
      ),
    );
  },
  'vectors that are added to convolutions before and after bounds': () => {
    const channels = 6;
    const x = deferred(map([1, 5, 5, channels]));
    const weights = filter([1, 1, channels, channels], 3);
    const [first, second] = [4, 5].map((seed) => tf.reshape(map([1, 1, 1, channels], seed), [-1]));
    const steps: ((y: Map4D) => Map4D)[][] = [
      [(y) => tf.add(y, first)],
      [(y) => tf.add(y, first), tf.relu6],
      [tf.relu6, (y) => tf.add(y, first)],
      [tf.relu, (y) => tf.sub(y, second)],
      [(y) => tf.add(y, first), (y) => tf.add(y, second)],
      [(y) => tf.add(y, first), tf.relu6, (y) => tf.add(y, second)],
      [tf.relu, (y) => tf.add(y, second), tf.relu6],
    ];
    // What is on the way is disposed of: only then does a kernel take over what follows it.
    return steps.map((chain) =>
      tf.tidy(() => chain.reduce((y, step) => step(y), tf.conv2d(x, weights, 1, 'same'))),
    );
  },
  'slopes and bounds after the sum of two maps': () => {
    const channels = 7;
    const shape: [number, number, number, number] = [1, 5, 5, channels];
    const slopes = map([1, 1, 1, channels], 6);
    const one = tf.tensor4d([-0.5], [1, 1, 1, 1]);
    const mask = coins([1, 5, 5, 1], 0.4, 7);
    const steps: ((y: Map4D) => Map4D)[][] = [
      [(y) => tf.prelu(y, slopes)],
      [(y) => tf.prelu(y, one)],
      [(y) => tf.prelu(y, slopes), tf.relu6],
      [tf.relu6, (y) => tf.prelu(y, slopes)],
      [(y) => tf.prelu(y, slopes), (y) => tf.prelu(y, slopes)],
      [(y) => tf.prelu(y, slopes), (y) => tf.add(y, slopes), tf.relu],
      [(y) => tf.leakyRelu(y, 0.25), (y) => tf.prelu(y, slopes)],
      [(y) => tf.mul(tf.prelu(y, slopes), mask)],
    ];
    return steps.flatMap((chain) =>
      [false, true].map((isMasked) =>
        tf.tidy(() => {
          const [a, b] = [deferred(map(shape)), deferred(map(shape, 2))];
          const sum = isMasked ? tf.add(tf.mul(a, mask), tf.mul(b, mask)) : tf.add(a, b);
          return chain.reduce((y, step) => step(y), sum as Map4D);
        }),
      ),
    );
  },
  'limits that are NaN or infinite, on values that are so': () => {
    const x = tf.div(deferred(map([1, 4, 4, 3])), coins([1, 4, 4, 3], 0.5, 2));
    return [NaN, Infinity, -Infinity, 0.5].flatMap((limit) => [
      ...[tf.maximum(limit, x), tf.maximum(x, limit), tf.minimum(limit, x), tf.minimum(x, limit)],
      ...[tf.relu(tf.maximum(x, limit)), tf.relu(x), tf.relu6(x), tf.clipByValue(x, -1, 2)],
      ...[tf.greater(x, limit), tf.lessEqual(x, limit), tf.equal(x, limit), tf.notEqual(x, limit)],
    ]);
  },
  'a product with a number, which is no mask': () => {
    const x = tf.div(deferred(map([2, 4, 4, 3])), coins([2, 4, 4, 3], 0.8, 2));
    const one = deferred(map([1, 1, 1, 1], 3));
    return [0, -0, 0.5, NaN, Infinity].flatMap((number) => [
      ...[tf.mul(x, number), tf.mul(number, x), tf.mul(x, tf.tensor1d([number]))],
      tf.mul(deferred(map([2, 4, 4, 1], 4)), number),
      ...[tf.add(x, number), tf.sub(x, number), tf.sub(number, x), tf.relu(tf.add(x, number))],
      ...[tf.mul(x, tf.mul(tf.reshape(one, []), number)), tf.mul(one, number)],
    ]);
  },
  'maps of one channel with each other': () => {
    const [x, y] = [deferred(map([2, 4, 4, 1])), deferred(map([2, 4, 4, 1], 2))];
    const mask = coins([2, 4, 4, 1], 0.4, 3);
    return [tf.mul(x, y), tf.mul(x, tf.add(x, 1)), tf.mul(tf.mul(x, mask), y), tf.mul(y, mask)];
  },
});
