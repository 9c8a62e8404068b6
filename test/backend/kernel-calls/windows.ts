import * as tf from '@tensorflow/tfjs-core';
import type { Source } from '../source.js';
import { FLOAT, each } from './call.js';
import type { Caller } from './call.js';

/** The window of a convolution or a pool over two or three dimensions. */
function windowOf(source: Source, dimensions: 2 | 3) {
  const sizes = (max: number) => Array.from({ length: dimensions }, () => source.int(1, max));
  const ones = sizes(1);
  const isDilated = source.chance(0.2);
  return {
    kernel: sizes(3),
    strides: isDilated ? ones : sizes(3),
    dilations: isDilated ? sizes(2) : ones,
    pad: source.pick('same' as const, 'valid' as const),
  };
}

const padding = (source: Source) => (source.chance(0.3) ? source.int(0, 2) : null);

const pools = each([tf.AvgPool, tf.MaxPool], (source) => {
  const { kernel, strides, pad } = windowOf(source, 2);
  const dimRoundingMode = source.pick('floor', 'round', 'ceil');
  const number = padding(source);
  const attrs = {
    filterSize: kernel,
    strides,
    pad: number ?? pad,
    ...(number && { dimRoundingMode }),
  };
  return { inputs: { x: source.any({ ranks: [4] }) }, attrs };
});

const pools3D = each([tf.AvgPool3D, tf.MaxPool3D], (source) => {
  const { kernel, strides, pad } = windowOf(source, 3);
  const attrs = { filterSize: kernel, strides, pad, dataFormat: 'NDHWC' };
  return { inputs: { x: source.any({ ranks: [5] }) }, attrs };
});

/** The gradient of a pool: what reached its output, and its input. */
function poolGradient(dimensions: 2 | 3, hasOutput: boolean): Caller {
  return (source) => {
    const { kernel, strides, pad } = windowOf(source, dimensions);
    const input = source.any({ ranks: [dimensions + 2], types: FLOAT });
    if (input.size === 0) return null;
    const { outShape } =
      dimensions === 2
        ? tf.backend_util.computePool2DInfo(
            input.shape as Shape4D,
            pair(kernel),
            pair(strides),
            1,
            pad,
          )
        : tf.backend_util.computePool3DInfo(
            input.shape as Shape5D,
            triple(kernel),
            triple(strides),
            1,
            pad,
          );
    if (outShape.some((size) => size < 0)) return null;
    const dy = source.tensor(outShape);
    const maximum = () =>
      dimensions === 2
        ? tf.maxPool(input as tf.Tensor4D, pair(kernel), pair(strides), pad)
        : tf.maxPool3d(input as tf.Tensor5D, triple(kernel), triple(strides), pad);
    const output = hasOutput && input.size > 0 ? maximum() : undefined;
    return {
      inputs: { dy, input, ...(output && { output }) },
      attrs: { filterSize: kernel, strides, pad },
    };
  };
}

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];
const pair = ([height, width]: number[]): [number, number] => [height, width];
const triple = ([depth, height, width]: number[]): [number, number, number] => [
  depth,
  height,
  width,
];

function convolution(isDepthwise: boolean, isFused: boolean): Caller {
  return (source) => {
    const { kernel, strides, dilations, pad } = windowOf(source, 2);
    const x = source.any({ ranks: [4], types: source.chance(0.9) ? FLOAT : undefined });
    const [, , , channels] = x.shape as Shape4D;
    const groups = !isDepthwise && channels % 2 === 0 && source.chance(0.1) ? 2 : 1;
    const outputs = isDepthwise ? source.int(1, 2) : groups * source.length();
    const type = source.chance(0.95) ? 'float32' : 'int32';
    const filter = source.tensor([...kernel, channels / groups, outputs], type);
    const attrs = {
      ...{ strides, dilations, pad: padding(source) ?? pad, dataFormat: 'NHWC' },
      ...(isFused && { activation: 'linear', leakyreluAlpha: 0.25 }),
    };
    if (!isFused) return { inputs: { x, filter }, attrs };
    attrs.activation = source.pick(
      'linear',
      'relu',
      'relu6',
      'elu',
      'sigmoid',
      'leakyrelu',
      'prelu',
    );
    const all = isDepthwise ? channels * outputs : outputs;
    const bias = source.chance(0.5) ? source.tensor([all], type) : undefined;
    const weights = attrs.activation === 'prelu' ? source.tensor([1, 1, all]) : undefined;
    return { inputs: { x, filter, bias, preluActivationWeights: weights }, attrs };
  };
}

/** The gradients of a convolution, by its input or its filter. */
function convolutionGradient(by: 'input' | 'filter', isDepthwise: boolean): Caller {
  return (source) => {
    const { kernel, strides, pad } = windowOf(source, 2);
    const x = source.any({ ranks: [4], types: FLOAT });
    const outputs = source.int(1, 5);
    const filterShape = [...kernel, x.shape[3]!, outputs] as Shape4D;
    const { outShape } = tf.backend_util.computeConv2DInfo(
      ...([
        x.shape as Shape4D,
        filterShape,
        pair(strides),
        1,
        pad,
        undefined,
        isDepthwise,
      ] as const),
    );
    if (outShape.some((size) => size < 0)) return null;
    const dy = source.tensor(outShape);
    const attrs = { strides, pad, dataFormat: 'NHWC', ...(isDepthwise && { dilations: [1, 1] }) };
    if (by === 'filter') return { inputs: { x, dy }, attrs: { ...attrs, filterShape } };
    return {
      inputs: { dy, filter: source.tensor(filterShape) },
      attrs: { ...attrs, inputShape: x.shape },
    };
  };
}

function convolution3D(by: 'nothing' | 'input' | 'filter'): Caller {
  return (source) => {
    const { kernel, strides, pad } = windowOf(source, 3);
    const x = source.any({ ranks: [5], types: FLOAT });
    const filterShape = [...kernel, x.shape[4]!, source.int(1, 3)] as Shape5D;
    const attrs = { strides, pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] };
    const filter = source.tensor(filterShape);
    if (by === 'nothing') return { inputs: { x, filter }, attrs };
    const { outShape } = tf.backend_util.computeConv3DInfo(
      ...([x.shape as Shape5D, filterShape, triple(strides), 1, pad] as const),
    );
    if (outShape.some((size) => size < 0)) return null;
    const dy = source.tensor(outShape);
    return by === 'input'
      ? { inputs: { dy, filter }, attrs: { ...attrs, inputShape: x.shape } }
      : { inputs: { x, dy }, attrs: { ...attrs, filterShape } };
  };
}

function dilation(by: 'nothing' | 'gradient'): Caller {
  return (source) => {
    const { kernel, strides, dilations, pad } = windowOf(source, 2);
    const x = source.any({ ranks: [4], types: FLOAT });
    const filter = source.tensor([...kernel, x.shape[3]!]);
    const attrs = { strides, dilations, pad };
    if (by === 'nothing') return { inputs: { x, filter }, attrs };
    const { outShape } = tf.backend_util.computeDilation2DInfo(
      ...([x.shape as Shape4D, filter.shape as [number, number, number]] as const),
      ...([pair(strides), pad, 'NHWC', pair(dilations)] as const),
    );
    if (outShape.some((size) => size < 0)) return null;
    return { inputs: { x, filter, dy: source.tensor(outShape) }, attrs };
  };
}

export const windows: Record<string, Caller> = {
  ...pools,
  ...pools3D,
  [tf.AvgPoolGrad]: poolGradient(2, false),
  [tf.MaxPoolGrad]: poolGradient(2, true),
  [tf.AvgPool3DGrad]: poolGradient(3, false),
  [tf.MaxPool3DGrad]: poolGradient(3, true),
  [tf.MaxPoolWithArgmax](source) {
    const { kernel, strides, pad } = windowOf(source, 2);
    const attrs = { filterSize: kernel, strides, pad, includeBatchInIndex: source.chance(0.5) };
    return { inputs: { x: source.any({ ranks: [4], types: FLOAT }) }, attrs };
  },
  [tf.Conv2D]: convolution(false, false),
  [tf.FusedConv2D]: convolution(false, true),
  [tf.DepthwiseConv2dNative]: convolution(true, false),
  [tf.FusedDepthwiseConv2D]: convolution(true, true),
  [tf.Conv2DBackpropInput]: convolutionGradient('input', false),
  [tf.Conv2DBackpropFilter]: convolutionGradient('filter', false),
  [tf.DepthwiseConv2dNativeBackpropInput]: convolutionGradient('input', true),
  [tf.DepthwiseConv2dNativeBackpropFilter]: convolutionGradient('filter', true),
  [tf.Conv3D]: convolution3D('nothing'),
  [tf.Conv3DBackpropInputV2]: convolution3D('input'),
  [tf.Conv3DBackpropFilterV2]: convolution3D('filter'),
  [tf.Dilation2D]: dilation('nothing'),
  [tf.Dilation2DBackpropInput]: dilation('gradient'),
  [tf.Dilation2DBackpropFilter]: dilation('gradient'),
};
