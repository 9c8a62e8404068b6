import type { FeatureLayers, Padding, WindowSpec } from '../feature-layers.js';
import { NetworkBuilder, type Tensor } from '../network.js';
import type { Extent } from '../operators.js';
import { LayerError } from '../layer-error.js';
import type { Operation } from './operation.js';
import type { Shape } from './shapes.js';

type LayerRule = (operation: Operation, layers: FeatureLayers) => Tensor;

function convolution({ name, operands, attributes }: Operation, layers: FeatureLayers): Tensor {
  const [rows, columns, channels, filters] = weights(operands[1], 4);
  const spec = windowOf(attributes, [rows, columns]);
  return layers.convolution(name, operands[0], spec, channels, filters);
}

function depthwise({ name, operands, attributes }: Operation, layers: FeatureLayers): Tensor {
  const [rows, columns, , multiplier] = weights(operands[1], 4);
  return layers.depthwise(name, operands[0], windowOf(attributes, [rows, columns]), multiplier);
}

function transposed({ name, operands, attributes }: Operation, layers: FeatureLayers): Tensor {
  const [size, filter, input] = operands;
  const [rows, columns, filters] = weights(filter, 4);
  const [, height, width] = size.data ?? [];
  const [, ...pixels] = input.shape ?? [];
  const { strides } = windowOf(attributes, [rows, columns]);
  // Without a size that is known, the usual one: every pixel becomes as many as the strides.
  const output: Extent = [
    height > 0 ? height : pixels[0] * strides[0],
    width > 0 ? width : pixels[1] * strides[1],
  ];
  return layers.transposed(name, input, { kernel: [rows, columns], strides }, filters, output);
}

const pool =
  (type: string): LayerRule =>
  ({ name, operands, attributes }, layers) => {
    const kernel = pixels(attributes.ints('ksize'), attributes.text('data_format'));
    return layers.pool(name, type, operands[0], windowOf(attributes, kernel));
  };

function product({ name, operands, attributes }: Operation, layers: FeatureLayers): Tensor {
  const [a, b] = operands;
  const flip = (names: string[]): boolean => names.some((key) => attributes.bool(key));
  const known = [...(a.shape ?? []), ...(b.shape ?? [])].every((size) => size >= 1);
  // Arithmetic on indices and constants is no layer.
  if (a.origins.length + b.origins.length === 0 && !known) {
    return NetworkBuilder.constant(undefined);
  }
  const left = matrix(a.shape, flip(['transpose_a', 'adj_x']));
  const right = matrix(b.shape, flip(['transpose_b', 'adj_y']));
  const computed = b.origins.length > 0 && a.origins.length > 0 ? [a, b] : [a];
  return layers.product(name, computed, {
    outer: left.outer,
    rows: left.rows,
    inner: left.columns,
    columns: right.columns,
  });
}

/** The layers of graph models by operation; `Add` and spatial `Mean` are layers at times only. */
export const LAYER_RULES: ReadonlyMap<string, LayerRule> = new Map<string, LayerRule>([
  ['Conv2D', convolution],
  ['_FusedConv2D', convolution],
  ['DepthwiseConv2d', depthwise],
  ['DepthwiseConv2dNative', depthwise],
  ['FusedDepthwiseConv2dNative', depthwise],
  ['Conv2DBackpropInput', transposed],
  ['MaxPool', pool('MaxPool')],
  ['AvgPool', pool('AveragePool')],
  ['MatMul', product],
  ['_FusedMatMul', product],
  ['BatchMatMul', product],
  ['BatchMatMulV2', product],
]);

function windowOf(attributes: Operation['attributes'], kernel: Extent): WindowSpec {
  const format = attributes.text('data_format');
  return {
    kernel,
    strides: pixels(attributes.ints('strides'), format),
    dilations: pixels(attributes.ints('dilations'), format),
    padding: paddingOf(attributes),
  };
}

function paddingOf(attributes: Operation['attributes']): Padding {
  const padding = attributes.text('padding') ?? 'VALID';
  if (padding === 'SAME') return 'same';
  if (padding === 'VALID') return 'valid';
  const pads = attributes.ints('explicit_paddings') ?? [];
  if (padding !== 'EXPLICIT' || pads.length !== 8) {
    throw new LayerError(
      `the padding ${padding}: expected SAME, VALID or EXPLICIT with eight numbers`,
    );
  }
  return [
    [pads[2], pads[3]],
    [pads[4], pads[5]],
  ];
}

/** Rows and columns of an attribute with a number for each dimension. */
function pixels(values: readonly number[] | undefined, format = 'NHWC'): Extent {
  if (format !== 'NHWC') throw new LayerError(`the data format ${format}: expected NHWC`);
  const [, rows = 1, columns = 1] = values ?? [];
  return [rows, columns];
}

function weights({ shape }: Tensor, rank: number): readonly number[] {
  if (shape?.length !== rank || shape.some((size) => size < 1)) {
    throw new LayerError(
      `its weights have the shape [${shape ?? 'unknown'}]: expected ${rank} sizes`,
    );
  }
  return shape;
}

function matrix(shape: Shape, flipped: boolean) {
  if (!shape || shape.length < 2) {
    throw new LayerError(`an operand has the shape [${shape ?? 'unknown'}]: expected a matrix`);
  }
  const [rows, columns] = shape.slice(-2);
  const outer = shape.slice(0, -2);
  return flipped ? { outer, rows: columns, columns: rows } : { outer, rows, columns };
}
