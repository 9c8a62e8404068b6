import { FeatureLayers, type WindowSpec } from '../src/mapping/workload/feature-layers.js';
import { NetworkBuilder, type Network, type Tensor } from '../src/mapping/workload/network.js';

/** A residual network for classification whose blocks have masks (Verelst and Tuytelaars, CVPR 2020). */
export interface ResNetSpec {
  /** Rows and columns of the image. */
  size: number;
  stem: 'conv3' | 'conv7-pool';
  /** Blocks and inner channels of each stage; every stage but the first halves the map. */
  stages: readonly { blocks: number; channels: number }[];
  /** Basic blocks have two 3x3 convolutions; bottlenecks 1x1, 3x3, 1x1 with four times the channels. */
  block: 'basic' | 'bottleneck';
}

export const RESNET32: ResNetSpec = {
  size: 32,
  stem: 'conv3',
  stages: [16, 32, 64].map((channels) => ({ blocks: 5, channels })),
  block: 'basic',
};

export const RESNET50 = imagenet([3, 4, 6, 3]);
export const RESNET101 = imagenet([3, 4, 23, 3]);

function imagenet(blocks: readonly number[]): ResNetSpec {
  const stages = blocks.map((count, stage) => ({ blocks: count, channels: 64 << stage }));
  return { size: 224, stem: 'conv7-pool', stages, block: 'bottleneck' };
}

/** Builds a network's layers; a decision layer makes the mask of each block. */
export function resnet(spec: ResNetSpec): Network {
  const builder = new NetworkBuilder();
  const layers = new FeatureLayers(builder);
  const image = NetworkBuilder.constant([1, spec.size, spec.size, 3]);
  const width = spec.stages[0].channels;
  let features =
    spec.stem === 'conv3'
      ? layers.convolution('stem', image, square(3, 1), 3, width)
      : layers.pool(
          'stem_pool',
          'MaxPool',
          layers.convolution('stem', image, square(7, 2), 3, width),
          square(3, 2),
        );
  spec.stages.forEach(({ blocks, channels }, stage) => {
    for (let index = 0; index < blocks; index++) {
      const name = `stage${stage + 1}_block${index + 1}`;
      const stride = stage > 0 && index === 0 ? 2 : 1;
      features = block(layers, name, features, channels, stride, spec.block);
    }
  });
  const [, rows, columns, channels] = features.shape!;
  const whole = { ...square(1, 1), kernel: [rows, columns], padding: 'valid' } as const;
  const pooled = layers.pool('pool', 'GlobalAveragePool', features, whole);
  const columnsOut = spec.size === 32 ? 10 : 1000;
  const sizes = { outer: [], rows: 1, inner: channels, columns: columnsOut };
  builder.output(layers.product('classes', [pooled], sizes));
  return builder.finish();
}

function block(
  layers: FeatureLayers,
  name: string,
  input: Tensor,
  channels: number,
  stride: number,
  kind: ResNetSpec['block'],
): Tensor {
  const convolve = (part: string, from: Tensor, size: number, step: number, filters: number) =>
    layers.convolution(`${name}_${part}`, from, square(size, step), from.shape![3], filters);
  const filters = kind === 'basic' ? channels : 4 * channels;
  const changes = stride > 1 || input.shape![3] !== filters;
  const shortcut = changes ? convolve('shortcut', input, 1, stride, filters) : input;
  const mask = convolve('mask', input, 1, stride, 1);
  const inner =
    kind === 'basic'
      ? convolve('conv2', convolve('conv1', input, 3, stride, channels), 3, 1, channels)
      : convolve(
          'conv3',
          convolve('conv2', convolve('conv1', input, 1, 1, channels), 3, stride, channels),
          1,
          1,
          filters,
        );
  const masked = NetworkBuilder.masked(inner, mask, inner.shape);
  return layers.add(`${name}_add`, [shortcut, masked]);
}

function square(size: number, stride: number): WindowSpec {
  return {
    kernel: [size, size],
    strides: [stride, stride],
    dilations: [1, 1],
    padding: 'same',
  };
}
