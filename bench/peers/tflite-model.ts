import * as tf from '@tensorflow/tfjs-core';
import { activationOf, integers, paddingOf, type GraphNode } from './graph-node.js';
import { PICTURE_SHAPE } from './peer.js';
import { TfliteGraph, TfliteType } from './tflite-graph.js';
import type { FlatBuffers, Option, TfliteOperator, TfliteTensor } from './tflite-graph.js';

const PADDINGS = { SAME: 0, VALID: 1 } as const;
const ACTIVATIONS = { none: 0, Relu: 1, Relu6: 3 } as const;

const byte = (field: number, value: number): Option => ({ field, bits: 8, value });
const word = (field: number, value: number): Option => ({ field, bits: 32, value });

/**
 * Converts a graph model of one picture, made of the operations that the published workload has, to
 * TFLite.
 *
 * @param masks false leaves out the mask units and the multiplications by them: the dense network.
 * @throws Error that names an operation that it does not know.
 */
export function tfliteModel(
  flatBuffers: FlatBuffers,
  { modelTopology, weightData, weightSpecs }: tf.io.ModelArtifacts,
  { masks }: { masks: boolean },
): Uint8Array {
  const { node } = modelTopology as { node: GraphNode[] };
  const weights = tf.io.decodeWeights(weightData as ArrayBuffer, weightSpecs ?? []);
  try {
    return new Conversion(node, weights, masks).run(flatBuffers);
  } finally {
    tf.dispose(weights);
  }
}

class Conversion {
  private readonly graph = new TfliteGraph();
  private readonly nodes: ReadonlyMap<string, GraphNode>;
  /** The tensor that stands for a node. */
  private readonly values = new Map<string, TfliteTensor>();

  constructor(
    private readonly list: readonly GraphNode[],
    private readonly weights: tf.NamedTensorMap,
    private readonly masks: boolean,
  ) {
    this.nodes = new Map(list.map((node) => [node.name, node]));
  }

  run(flatBuffers: FlatBuffers): Uint8Array {
    const input = this.list.find(({ op }) => op === 'Placeholder');
    const last = this.list.find(({ op }) => op === 'Identity');
    if (!input || !last) throw new Error('the graph lacks a Placeholder or an Identity');
    const picture = this.graph.tensor({ name: input.name, shape: PICTURE_SHAPE, type: 'float32' });
    this.values.set(input.name, picture);
    return this.graph.finish(flatBuffers, picture, this.value(last.name));
  }

  /** Converts a node and whatever it needs. */
  private value(reference: string): TfliteTensor {
    const name = reference.split(':')[0];
    let value = this.values.get(name);
    if (value === undefined) {
      const node = this.nodes.get(name);
      if (!node) throw new Error(`there is no node ${name}`);
      value = this.convert(node);
      this.values.set(name, value);
    }
    return value;
  }

  private convert(node: GraphNode): TfliteTensor {
    const { name, op, input = [] } = node;
    switch (op) {
      case '_FusedConv2D':
        return this.convolution(node);
      case 'FusedDepthwiseConv2dNative':
        return this.depthwise(node);
      case 'MaxPool':
        return this.maxPool(node);
      case 'ResizeNearestNeighbor': {
        const x = this.value(input[0]);
        const sizes = this.weights[input[1]].dataSync<'int32'>();
        const [batch, , , channels] = this.graph.shapeOf(x);
        const size = this.fixed(`${name}/sizes`, [2], sizes, 'int32');
        // Pixels are repeated a whole number of times, where the conventions agree.
        return this.node('RESIZE_NEAREST_NEIGHBOR', node, [x, size], [batch, ...sizes, channels]);
      }
      case 'Mul':
        return this.multiply(node);
      case 'AddV2':
      case 'AddN':
        return this.sum(node);
      case 'GreaterEqual': {
        const inputs = input.map((reference) => this.value(reference));
        const shape = this.graph.shapeOf(inputs[0]);
        return this.graph.node('GREATER_EQUAL', inputs, { name, shape, type: 'bool' });
      }
      case 'Cast': {
        const x = this.value(input[0]);
        const types = [byte(0, TfliteType.bool), byte(1, TfliteType.float32)];
        return this.node('CAST', node, [x], this.graph.shapeOf(x), types);
      }
      case 'Identity':
        return this.value(input[0]);
      case 'Const':
        return this.fixed(name, [], this.weights[name].dataSync<'float32'>(), 'float32');
      default:
        throw new Error(`${name}: there is no conversion of ${op}`);
    }
  }

  private node(
    operator: TfliteOperator,
    { name }: GraphNode,
    inputs: readonly TfliteTensor[],
    shape: readonly number[],
    options: readonly Option[] = [],
  ): TfliteTensor {
    return this.graph.node(operator, inputs, { name, shape, type: 'float32' }, options);
  }

  private fixed(
    name: string,
    shape: readonly number[],
    values: Float32Array | Int32Array,
    type: 'float32' | 'int32',
  ): TfliteTensor {
    return this.graph.tensor({ name, shape, type, values });
  }

  private convolution(node: GraphNode): TfliteTensor {
    const [x, filter, bias] = node.input ?? [];
    const [height, width, , channels] = this.weights[filter].shape;
    // TFLite has filters as [out, height, width, in].
    const turned = tf.tidy(() => tf.transpose(this.weights[filter], [3, 0, 1, 2]));
    const weights = this.fixed(filter, turned.shape, turned.dataSync<'float32'>(), 'float32');
    turned.dispose();
    const { strides, ...result } = this.window(node, this.value(x), [height, width], channels);
    const options = [byte(0, result.padding), word(1, strides[1]), word(2, strides[0])];
    options.push(byte(3, activation(node)), word(4, 1), word(5, 1));
    const inputs = [this.value(x), weights, this.bias(bias, channels)];
    return this.node('CONV_2D', node, inputs, result.shape, options);
  }

  private depthwise(node: GraphNode): TfliteTensor {
    const [x, filter, bias] = node.input ?? [];
    const [height, width, channels] = this.weights[filter].shape;
    const values = this.weights[filter].dataSync<'float32'>();
    const weights = this.fixed(filter, [1, height, width, channels], values, 'float32');
    const { strides, ...result } = this.window(node, this.value(x), [height, width], channels);
    const options = [byte(0, result.padding), word(1, strides[1]), word(2, strides[0])];
    options.push(word(3, 1), byte(4, activation(node)), word(5, 1), word(6, 1));
    const inputs = [this.value(x), weights, this.bias(bias, channels)];
    return this.node('DEPTHWISE_CONV_2D', node, inputs, result.shape, options);
  }

  private maxPool(node: GraphNode): TfliteTensor {
    const x = this.value(node.input?.[0] ?? '');
    const [, height, width] = integers(node, 'ksize');
    const channels = this.graph.shapeOf(x)[3];
    const { strides, padding, shape } = this.window(node, x, [height, width], channels);
    const options = [byte(0, padding), word(1, strides[1]), word(2, strides[0])];
    options.push(word(3, width), word(4, height));
    return this.node('MAX_POOL_2D', node, [x], shape, options);
  }

  private bias(name: string | undefined, channels: number): TfliteTensor {
    if (name === undefined) {
      return this.fixed('zeros', [channels], new Float32Array(channels), 'float32');
    }
    return this.fixed(name, [channels], this.weights[name].dataSync<'float32'>(), 'float32');
  }

  /** Strides, padding and output shape of a window that slides over `x`. */
  private window(
    node: GraphNode,
    x: TfliteTensor,
    kernel: readonly number[],
    channels: number,
  ): { strides: number[]; padding: number; shape: number[] } {
    const padding = paddingOf(node);
    const [batch, ...input] = this.graph.shapeOf(x);
    const strides = integers(node, 'strides').slice(1, 3);
    const size = strides.map((stride, axis) =>
      Math.ceil((input[axis] - (padding === 'SAME' ? 0 : kernel[axis] - 1)) / stride),
    );
    return { strides, padding: PADDINGS[padding], shape: [batch, ...size, channels] };
  }

  /** TFLite adds two at a time. */
  private sum(node: GraphNode): TfliteTensor {
    const [first, ...others] = (node.input ?? []).map((reference) => this.value(reference));
    const shape = this.graph.shapeOf(first);
    return others.reduce((sum, other) => this.node('ADD', node, [sum, other], shape), first);
  }

  private multiply(node: GraphNode): TfliteTensor {
    const { input = [] } = node;
    const isMask = (reference: string): boolean => this.nodes.get(reference)?.op === 'Cast';
    const features = input.find((reference) => !isMask(reference));
    if (!this.masks && features !== undefined && input.some(isMask)) return this.value(features);
    const inputs = input.map((reference) => this.value(reference));
    return this.node('MUL', node, inputs, this.graph.shapeOf(this.value(features ?? input[0])));
  }
}

function activation(node: GraphNode): number {
  return ACTIVATIONS[activationOf(node) ?? 'none'];
}
