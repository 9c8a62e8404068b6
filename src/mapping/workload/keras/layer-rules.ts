import type { FeatureLayers } from '../feature-layers.js';
import { LayerError } from '../layer-error.js';
import { NetworkBuilder, type Tensor } from '../network.js';
import { broadcast, concatenate, product, reshape, UNKNOWN } from '../tfjs/shapes.js';
import { maskOf } from '../tfjs/graph-model.js';
import type { Config } from './config.js';

/** A Keras layer whose operands are known. */
export interface KerasOperation {
  readonly name: string;
  readonly operands: readonly Tensor[];
  readonly config: Config;
}

type LayerRule = (operation: KerasOperation, layers: FeatureLayers) => Tensor;

/** Keeps shape and pixels. */
const pixelwise: LayerRule = ({ operands }) =>
  NetworkBuilder.pixelwise(operands, broadcast(operands.map(({ shape }) => shape)));

const KEEP_PIXELS =
  `Activation ActivityRegularization AlphaDropout Average BatchNormalization Dropout ELU
  GaussianDropout GaussianNoise LayerNormalization LeakyReLU Masking Maximum Minimum PReLU ReLU Rescaling
  Softmax SpatialDropout2D Subtract ThresholdedReLU`.split(/\s+/);

function convolution({ name, operands: [input], config }: KerasOperation, layers: FeatureLayers) {
  const channels = (input.shape?.[3] ?? 1) / config.size('groups', 1);
  return layers.convolution(
    name,
    input,
    config.window('kernel_size'),
    channels,
    config.size('filters'),
  );
}

function depthwise({ name, operands: [input], config }: KerasOperation, layers: FeatureLayers) {
  const window = config.window('kernel_size');
  return layers.depthwise(name, input, window, config.size('depth_multiplier', 1));
}

function separable({ name, operands: [input], config }: KerasOperation, layers: FeatureLayers) {
  const window = config.window('kernel_size');
  const multiplier = config.size('depth_multiplier', 1);
  const middle = layers.depthwise(`${name}/depthwise`, input, window, multiplier);
  const pointwise = {
    kernel: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    padding: 'valid',
  } as const;
  const channels = middle.shape?.[3] ?? 1;
  return layers.convolution(
    `${name}/pointwise`,
    middle,
    pointwise,
    channels,
    config.size('filters'),
  );
}

function transposed({ name, operands: [input], config }: KerasOperation, layers: FeatureLayers) {
  const { kernel, strides, padding } = config.window('kernel_size');
  const [, rows = UNKNOWN, columns = UNKNOWN] = input.shape ?? [];
  const more = (axis: 0 | 1): number =>
    padding === 'same' ? 0 : Math.max(0, kernel[axis] - strides[axis]);
  return layers.transposed(name, input, { kernel, strides }, config.size('filters'), [
    rows * strides[0] + more(0),
    columns * strides[1] + more(1),
  ]);
}

function dense({ name, operands: [input], config }: KerasOperation, layers: FeatureLayers): Tensor {
  const units = config.size('units');
  const { shape } = input;
  if (!shape || shape.length < 2) throw new LayerError('the shape of its input is not known');
  const rows = product(shape.slice(0, -1));
  const inner = shape[shape.length - 1];
  const result = layers.product(name, [input], { outer: [], rows, inner, columns: units });
  return { ...result, shape: [...shape.slice(0, -1), units] };
}

const pool =
  (type: string): LayerRule =>
  ({ name, operands, config }, layers) =>
    layers.pool(name, type, operands[0], config.window('pool_size'));

function globalPool({ name, operands: [input], config }: KerasOperation, layers: FeatureLayers) {
  const [batch, rows = 0, columns = 0, channels = 0] = input.shape ?? [];
  const kernel = [rows, columns] as const;
  const spec = { kernel, strides: kernel, dilations: [1, 1], padding: 'valid' } as const;
  const pooled = layers.pool(name, 'GlobalAveragePool', input, spec);
  if (config.bool('keepdims')) return pooled;
  return { ...pooled, shape: [batch, channels], decision: undefined };
}

function add({ name, operands }: KerasOperation, layers: FeatureLayers): Tensor {
  const features = operands.length > 1 && operands.every(({ shape }) => shape?.length === 4);
  return features
    ? layers.add(name, operands)
    : pixelwise({ name, operands } as KerasOperation, layers);
}

function multiply(operation: KerasOperation, layers: FeatureLayers): Tensor {
  const { operands } = operation;
  const masked = operands.length === 2 ? maskOf(operands) : undefined;
  if (!masked) return pixelwise(operation, layers);
  return NetworkBuilder.masked(masked.features, masked.mask, masked.features.shape);
}

/** Changes rows and columns. */
const resized =
  (size: (pixels: number, axis: 0 | 1, config: Config) => number): LayerRule =>
  ({ operands: [input], config }) => {
    const [batch, rows, columns, channels] = input.shape ?? [];
    if (channels === undefined) throw new LayerError('the shape of its input is not known');
    const shape = [batch, size(rows, 0, config), size(columns, 1, config), channels];
    return NetworkBuilder.opaque([input], shape);
  };

const LAYER_RULES: ReadonlyMap<string, LayerRule> = new Map<string, LayerRule>([
  ...KEEP_PIXELS.map((name) => [name, pixelwise] as const),
  ['Conv2D', convolution],
  ['DepthwiseConv2D', depthwise],
  ['SeparableConv2D', separable],
  ['Conv2DTranspose', transposed],
  ['Dense', dense],
  ['MaxPooling2D', pool('MaxPool')],
  ['AveragePooling2D', pool('AveragePool')],
  ['GlobalAveragePooling2D', globalPool],
  ['GlobalMaxPooling2D', globalPool],
  ['Add', add],
  ['Multiply', multiply],
  ['UpSampling2D', resized((pixels, axis, config) => pixels * config.extent('size', [2, 2])[axis])],
  ['Resizing', resized((_, axis, config) => config.size(axis === 0 ? 'height' : 'width'))],
  [
    'ZeroPadding2D',
    resized((pixels, axis, config) => {
      const [before, after] = config.border('padding')[axis];
      return pixels + before + after;
    }),
  ],
  [
    'Cropping2D',
    resized((pixels, axis, config) => {
      const [before, after] = config.border('cropping')[axis];
      return pixels - before - after;
    }),
  ],
  [
    'Concatenate',
    ({ operands, config }) => {
      const axis = config.get('axis');
      const shapes = operands.map(({ shape }) => shape);
      const shape = concatenate(shapes, typeof axis === 'number' ? axis : -1);
      return NetworkBuilder.pixelwise(operands, shape);
    },
  ],
  [
    'Flatten',
    ({ operands: [input] }) =>
      NetworkBuilder.opaque(
        [input],
        input.shape && [input.shape[0], product(input.shape.slice(1))],
      ),
  ],
  [
    'Reshape',
    ({ operands: [input], config }) => {
      const batch = input.shape?.[0] ?? 1;
      const target = config.numbers('target_shape');
      return NetworkBuilder.opaque([input], reshape(input.shape, target && [batch, ...target]));
    },
  ],
  [
    'Permute',
    ({ operands: [input], config }) => {
      const axes = config.numbers('dims');
      const { shape } = input;
      return NetworkBuilder.opaque(
        [input],
        axes && shape && [shape[0], ...axes.map((i) => shape[i])],
      );
    },
  ],
]);

/**
 * Adds a Keras layer to the network.
 *
 * @throws LayerError if its class is not known or its configuration makes no layer
 */
export function applyLayer(
  className: string,
  operation: KerasOperation,
  layers: FeatureLayers,
): Tensor {
  const rule = LAYER_RULES.get(className);
  if (!rule) throw new LayerError('nothing is known of this class of layers');
  return rule(operation, layers);
}
