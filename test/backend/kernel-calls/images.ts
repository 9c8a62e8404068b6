import * as tf from '@tensorflow/tfjs-core';
import type { Source, Type } from '../source.js';
import { FLOAT, INTEGER, each } from './call.js';
import type { Caller } from './call.js';
import { indices } from './lookups.js';

const resizing = (source: Source) => {
  const [alignCorners, halfPixelCenters] = source.pick(
    [false, false],
    [true, false],
    [false, true],
  );
  return { size: [source.int(1, 7), source.int(1, 7)], alignCorners, halfPixelCenters };
};

/** Boxes with two corners each in [0, 1], and a little beyond. */
const boxesOf = (source: Source, count: number, type: Type = 'float32') =>
  source.tensor([count, 4], type, { from: source.pick(0, -1), to: source.pick(1, 2) });

const suppression = (source: Source) => {
  const count = source.length();
  const type = source.chance(0.9) ? 'float32' : 'int32';
  return {
    inputs: {
      boxes: boxesOf(source, count, type),
      scores: source.tensor([count], type, { from: 0, to: 1 }),
    },
    attrs: {
      ...{ maxOutputSize: source.int(0, 4), iouThreshold: source.pick(0, 0.25, 0.5, 1) },
      ...{ scoreThreshold: source.pick(-Infinity, 0.1, 0.5) },
    },
  };
};

export const images: Record<string, Caller> = {
  ...each([tf.ResizeBilinear, tf.ResizeNearestNeighbor], (source) => {
    const images = source.any({ ranks: [4] });
    // Of no pixels the cpu backend makes some.
    return images.size === 0 ? null : { inputs: { images }, attrs: resizing(source) };
  }),
  ...each([tf.ResizeBilinearGrad, tf.ResizeNearestNeighborGrad], (source) => {
    // Of others the cpu backend mistakes the height for the width.
    const size = source.int(1, 5);
    const images = source.tensor([source.int(1, 3), size, size, source.int(1, 5)]);
    const { alignCorners, size: outSize } = resizing(source);
    const dy = source.tensor([images.shape[0], ...outSize, images.shape[3]!]);
    return {
      inputs: { images, dy },
      attrs: {
        // The cpu backend loops for ever over a single pixel whose corners are aligned.
        alignCorners: alignCorners && size > 1,
        ...{ halfPixelCenters: false, size: outSize },
      },
    };
  }),
  [tf.CropAndResize](source) {
    const image = source.any({ ranks: [4] });
    const count = source.length();
    return {
      inputs: {
        ...{ image, boxes: boxesOf(source, count, source.chance(0.9) ? 'float32' : 'int32') },
        boxInd: indices(source, [count], image.shape[0]),
      },
      attrs: {
        ...{
          cropSize: [source.int(1, 5), source.int(1, 5)],
          extrapolationValue: source.pick(0, 2.5),
        },
        method: source.pick('bilinear', 'nearest'),
      },
    };
  },
  [tf.FlipLeftRight]: (source) => ({ inputs: { image: source.any({ ranks: [4] }) } }),
  [tf.RotateWithOffset]: (source) => ({
    inputs: { image: source.any({ ranks: [4], types: source.pick(FLOAT, INTEGER) }) },
    attrs: {
      ...{
        radians: source.pick(0, 0.7, -2),
        fillValue: source.pick<number | number[]>(0, 2, [1, 2, 3]),
      },
      center: source.pick<number | number[]>(0.5, [0.25, 0.75]),
    },
  }),
  [tf.Transform](source) {
    const image = source.any({ ranks: [4] });
    return {
      inputs: { image, transforms: source.tensor([source.pick(1, image.shape[0]), 8]) },
      attrs: {
        ...{ interpolation: source.pick('nearest', 'bilinear'), fillValue: source.pick(0, 1) },
        fillMode: source.pick('constant', 'reflect', 'wrap', 'nearest'),
        outputShape: source.pick([3, 4], undefined),
      },
    };
  },
  [tf.NonMaxSuppressionV3]: suppression,
  [tf.NonMaxSuppressionV4](source) {
    const { inputs, attrs } = suppression(source);
    return { inputs, attrs: { ...attrs, padToMaxOutputSize: source.chance(0.5) } };
  },
  [tf.NonMaxSuppressionV5](source) {
    const { inputs, attrs } = suppression(source);
    return { inputs, attrs: { ...attrs, softNmsSigma: source.pick(0, 0.5) } };
  },
};
