import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { coins, filter, quarters } from './random-tensors.js';

/** The ways in which a model makes and shapes a spatial mask. */
export const MASK_FORMS = [
  'image',
  'shared',
  'unbatched',
  'columns',
  'lines',
  'scalar',
  'tiled',
  'broadcast',
  'sharedBroadcast',
  'fromBool',
  'fromInt',
  'fraction',
  'complement',
  'nested',
  'where',
  'roundedSigmoid',
  'logical',
  'integers',
  'squeezed',
  'computed',
  'computedTiled',
  'computedCoarsely',
] as const;

/** A mask: its form, how much of it is not zero, and whether it is deferred itself. */
export interface MaskSpec {
  form: (typeof MASK_FORMS)[number];
  density: number;
  deferred: boolean;
  seed: number;
}

export const anyMask: fc.Arbitrary<MaskSpec> = fc.record({
  form: fc.constantFrom(...MASK_FORMS),
  density: fc.constantFrom(0, 0.1, 0.3, 0.5, 0.9, 1),
  deferred: fc.boolean(),
  seed: fc.nat(1e6),
});

/** Called with scores and the threshold they are compared with, where rounding might matter. */
export type OnThreshold = (scores: tf.Tensor, threshold: number) => void;

/** The mask of a map of features [N, H, W, C], of a shape that broadcasts to theirs. */
export function makeMask(
  spec: MaskSpec,
  features: tf.Tensor4D,
  onThreshold: OnThreshold,
): tf.Tensor {
  const mask = plainMask(spec, features, onThreshold);
  return spec.deferred ? defer(mask) : mask;
}

/** The values of a tensor, as the result of a convolution. */
function defer(mask: tf.Tensor): tf.Tensor {
  const shape = mask.shape;
  const [channels] = shape.slice(-1);
  const map = tf.reshape(mask, [1, 1, tf.util.sizeFromShape(shape.slice(0, -1)), channels]);
  const same = tf.depthwiseConv2d(map as tf.Tensor4D, tf.ones([1, 1, channels, 1]), 1, 'valid');
  return tf.reshape(same, shape);
}

function plainMask(
  { form, density, seed }: MaskSpec,
  features: tf.Tensor4D,
  onThreshold: OnThreshold,
): tf.Tensor {
  const [n, h, w, channels] = features.shape;
  const image = [n, h, w, 1];
  const compare = (map: tf.Tensor4D): tf.Tensor4D => {
    const scores = tf.conv2d(map, filter([1, 1, channels, 1], seed), 1, 'valid');
    const threshold = 0.8713 - 1.5 * density;
    onThreshold(scores, threshold);
    return tf.cast(tf.greaterEqual(scores, threshold), 'float32');
  };
  switch (form) {
    case 'image':
      return coins(image, density, seed);
    case 'shared':
      return coins([1, h, w, 1], density, seed);
    case 'unbatched':
      return coins([h, w, 1], density, seed);
    case 'columns':
      return coins([1, 1, w, 1], density, seed);
    case 'lines':
      return coins([n, h, 1, 1], density, seed);
    case 'scalar':
      return coins([1, 1, 1, 1], density, seed);
    case 'tiled':
      return tf.tile(coins(image, density, seed), [1, 1, 1, channels]);
    case 'broadcast':
      return tf.broadcastTo(coins(image, density, seed), features.shape);
    case 'sharedBroadcast':
      return tf.broadcastTo(coins([1, h, w, 1], density, seed), features.shape);
    case 'fromBool':
      return tf.cast(coins(image, density, seed, 'bool'), 'float32');
    case 'fromInt':
      return tf.cast(
        tf.mul(coins(image, density, seed, 'int32'), tf.scalar(3, 'int32')),
        'float32',
      );
    case 'fraction':
      return tf.mul(coins(image, density, seed), quarters(image, seed + 1));
    case 'complement':
      return tf.sub(1, coins(image, 1 - density, seed));
    case 'nested':
      return tf.mul(coins(image, density, seed), defer(coins([1, h, w, 1], 0.5, seed + 1)));
    case 'where':
      return tf.where(coins(image, density, seed, 'bool'), tf.ones(image), tf.zeros(image));
    case 'roundedSigmoid':
      return tf.round(tf.sigmoid(tf.sub(tf.mul(coins(image, density, seed), 9), 4)));
    case 'logical': {
      const [a, b] = [compare(features), coins(image, density, seed)].map((m) =>
        tf.cast(m, 'bool'),
      );
      return tf.cast(tf.logicalAnd(tf.logicalNot(a), tf.logicalOr(b, a)), 'float32');
    }
    case 'integers': {
      const counts = tf.cast(tf.mul(compare(features), 3), 'int32');
      return tf.cast(tf.greater(counts, tf.scalar(2, 'int32')), 'float32');
    }
    case 'squeezed': {
      const flat = tf.squeeze(compare(features), [3]);
      return tf.expandDims(tf.sub(1, flat), 3);
    }
    case 'computed':
      return compare(features);
    case 'computedTiled':
      return tf.tile(compare(features), [1, 1, 1, channels]);
    case 'computedCoarsely':
      return tf.image.resizeNearestNeighbor(compare(tf.maxPool(features, 2, 2, 'same')), [h, w]);
  }
}
