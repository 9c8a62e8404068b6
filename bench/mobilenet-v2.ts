import * as tf from '@tensorflow/tfjs-core';
import type { Network } from './network.js';

/** Sandler et al., "MobileNetV2" (CVPR 2018), table 2: expansion, channels, blocks, stride. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;
const STEM_CHANNELS = 32;
const HEAD_CHANNELS = 1280;
const CLASSES = 1000;
const SIZE = 224;

/**
 * MobileNetV2 1.0 at 224 x 224 as a converter leaves it (batch norms folded into the convolutions),
 * with weights drawn from a seed: a dense network, no mask in it.
 */
export function mobileNetV2(): Network {
  const weights: tf.Tensor[] = [];
  const draw = <R extends tf.Rank>(shape: tf.ShapeMap[R], fanIn: number): tf.Tensor<R> => {
    const seed = weights.length + 1;
    const tensor = tf.randomNormal<R>(shape, 0, Math.sqrt(2 / fanIn), 'float32', seed);
    weights.push(tensor);
    return tensor;
  };
  const layers: ((x: tf.Tensor4D) => tf.Tensor4D)[] = [];

  const convolution = (
    size: number,
    inputs: number,
    outputs: number,
    strides: number,
    activation: 'relu6' | 'linear',
  ): ((x: tf.Tensor4D) => tf.Tensor4D) => {
    const filter = draw<tf.Rank.R4>([size, size, inputs, outputs], size * size * inputs);
    const bias = draw<tf.Rank.R1>([outputs], inputs);
    return (x) => tf.fused.conv2d({ x, filter, bias, strides, pad: 'same', activation });
  };
  const depthwise = (channels: number, strides: number): ((x: tf.Tensor4D) => tf.Tensor4D) => {
    const filter = draw<tf.Rank.R4>([3, 3, channels, 1], 9);
    const bias = draw<tf.Rank.R1>([channels], channels);
    return (x) =>
      tf.fused.depthwiseConv2d({ x, filter, bias, strides, pad: 'same', activation: 'relu6' });
  };

  layers.push(convolution(3, 3, STEM_CHANNELS, 2, 'relu6'));
  let channels = STEM_CHANNELS;
  for (const [expansion, outputs, blocks, stride] of STAGES) {
    for (let block = 0; block < blocks; block++) {
      const strides = block === 0 ? stride : 1;
      const hidden = channels * expansion;
      const expand = expansion === 1 ? undefined : convolution(1, channels, hidden, 1, 'relu6');
      const filterDepth = depthwise(hidden, strides);
      const project = convolution(1, hidden, outputs, 1, 'linear');
      const residual = strides === 1 && channels === outputs;
      layers.push((x) => {
        const y = project(filterDepth(expand ? expand(x) : x));
        return residual ? tf.add<tf.Tensor4D>(x, y) : y;
      });
      channels = outputs;
    }
  }
  layers.push(convolution(1, channels, HEAD_CHANNELS, 1, 'relu6'));
  const classifier = convolution(1, HEAD_CHANNELS, CLASSES, 1, 'linear');
  const picture = tf.randomUniform<tf.Rank.R4>([1, SIZE, SIZE, 3], -1, 1, 'float32', 0);
  return {
    input: picture,
    predict: (input) =>
      tf.tidy(() => {
        const features = layers.reduce((x, layer) => layer(x), input as tf.Tensor4D);
        return classifier(tf.mean<tf.Tensor4D>(features, [1, 2], true));
      }),
    dispose: () => {
      tf.dispose([picture, ...weights]);
    },
  };
}
