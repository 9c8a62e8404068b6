import * as tf from '@tensorflow/tfjs-core';
import { activationOf, integers, paddingOf, type GraphNode } from './graph-node.js';
import { OnnxGraph } from './onnx-graph.js';

/** The most that relu6 lets through. */
const SIX = 6;

/**
 * Converts a graph model of one picture, made of the operations that the published workload has, to
 * ONNX: channels first inside, as ONNX wants them, and channels last at its input and output.
 *
 * @param masks false leaves out the mask units and the multiplications by them: the dense network.
 * @throws Error that names an operation that it does not know.
 */
export function onnxModel(
  { modelTopology, weightData, weightSpecs }: tf.io.ModelArtifacts,
  { masks }: { masks: boolean },
): Uint8Array {
  const { node } = modelTopology as { node: GraphNode[] };
  const weights = tf.io.decodeWeights(weightData as ArrayBuffer, weightSpecs ?? []);
  try {
    return new Conversion(node, weights, masks).run();
  } finally {
    tf.dispose(weights);
  }
}

const ONNX_PADDING = { SAME: 'SAME_UPPER', VALID: 'VALID' } as const;

class Conversion {
  private readonly graph = new OnnxGraph();
  private readonly nodes: ReadonlyMap<string, GraphNode>;
  /** The ONNX value that stands for a node. */
  private readonly values = new Map<string, string>();

  constructor(
    private readonly list: readonly GraphNode[],
    private readonly weights: tf.NamedTensorMap,
    private readonly masks: boolean,
  ) {
    this.nodes = new Map(list.map((node) => [node.name, node]));
  }

  run(): Uint8Array {
    const input = this.list.find(({ op }) => op === 'Placeholder');
    const last = this.list.find(({ op }) => op === 'Identity');
    if (!input || !last) throw new Error('the graph lacks a Placeholder or an Identity');
    const shape = (input.attr?.shape.shape?.dim ?? []).map(({ size }) => Math.abs(Number(size)));
    this.values.set(
      input.name,
      this.graph.node('Transpose', [input.name], 'channels-first', { perm: [0, 3, 1, 2] }),
    );
    const output = this.graph.node('Transpose', [this.value(last.name)], 'heatmaps', {
      perm: [0, 2, 3, 1],
    });
    return this.graph.finish({ name: input.name, shape }, output);
  }

  /** Converts a node and whatever it needs. */
  private value(reference: string): string {
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

  private convert(node: GraphNode): string {
    const { name, op, input = [] } = node;
    switch (op) {
      case 'Conv2D':
      case '_FusedConv2D':
        return this.convolution(node, false);
      case 'DepthwiseConv2dNative':
      case 'FusedDepthwiseConv2dNative':
        return this.convolution(node, true);
      case 'MaxPool': {
        const [, ...kernel] = integers(node, 'ksize');
        const [, ...strides] = integers(node, 'strides');
        return this.graph.node('MaxPool', [this.value(input[0])], name, {
          kernel_shape: kernel.slice(0, 2),
          strides: strides.slice(0, 2),
          auto_pad: ONNX_PADDING[paddingOf(node)],
        });
      }
      case 'ResizeNearestNeighbor':
        return this.resize(node);
      case 'Mul':
        return this.multiply(node);
      case 'AddV2':
      case 'AddN':
        return this.graph.node('Sum', this.all(input), name);
      case 'GreaterEqual':
        return this.graph.node('GreaterOrEqual', this.all(input), name);
      case 'Cast':
        return this.graph.node('Cast', this.all(input), name, { to: 1 });
      case 'Identity':
        return this.value(input[0]);
      case 'Const':
        return this.constant(name);
      default:
        throw new Error(`${name}: there is no conversion of ${op}`);
    }
  }

  private all(inputs: readonly string[]): string[] {
    return inputs.map((input) => this.value(input));
  }

  private constant(name: string): string {
    const { shape, size } = this.weights[name];
    if (size !== 1) throw new Error(`${name} [${shape.join(', ')}]: only numbers are converted`);
    return this.graph.tensor(name, [], this.weights[name].dataSync<'float32'>());
  }

  private convolution(node: GraphNode, isDepthwise: boolean): string {
    const { name, input = [] } = node;
    const filter = this.weights[input[1]];
    const [, , inChannels] = filter.shape;
    // ONNX has filters as [out, in / groups, height, width].
    const order = isDepthwise ? [2, 3, 0, 1] : [3, 2, 0, 1];
    const turned = tf.tidy(() => tf.transpose(filter, order));
    const operands = [
      this.value(input[0]),
      this.graph.tensor(input[1], turned.shape, turned.dataSync<'float32'>()),
    ];
    turned.dispose();
    if (input.length > 2) {
      const bias = this.weights[input[2]];
      operands.push(this.graph.tensor(input[2], bias.shape, bias.dataSync<'float32'>()));
    }
    const [, ...strides] = integers(node, 'strides');
    const sum = this.graph.node('Conv', operands, `${name}/sum`, {
      kernel_shape: filter.shape.slice(0, 2),
      strides: strides.slice(0, 2),
      auto_pad: ONNX_PADDING[paddingOf(node)],
      group: isDepthwise ? inChannels : 1,
    });
    const activation = activationOf(node);
    if (activation === null) return sum;
    if (activation === 'Relu') return this.graph.node('Relu', [sum], name);
    const bounds = [this.number('zero', 0), this.number('six', SIX)];
    return this.graph.node('Clip', [sum, ...bounds], name);
  }

  private number(name: string, value: number): string {
    return this.graph.tensor(name, [], Float32Array.of(value));
  }

  private resize({ name, input = [] }: GraphNode): string {
    const sizes = BigInt64Array.from(this.weights[input[1]].dataSync(), BigInt);
    const shape = this.graph.tensor(`${name}/sizes`, [2], sizes);
    // Pixels are repeated a whole number of times, where the conventions agree.
    return this.graph.node('Resize', [this.value(input[0]), '', '', shape], name, {
      axes: [2, 3],
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
  }

  private multiply({ name, input = [] }: GraphNode): string {
    const isMask = (reference: string): boolean => this.nodes.get(reference)?.op === 'Cast';
    const features = input.find((reference) => !isMask(reference));
    if (!this.masks && features !== undefined && input.some(isMask)) return this.value(features);
    return this.graph.node('Mul', this.all(input), name);
  }
}
