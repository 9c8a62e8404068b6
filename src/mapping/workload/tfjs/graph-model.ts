import { FeatureLayers } from '../feature-layers.js';
import { NetworkBuilder, type Tensor } from '../network.js';
import { Attributes } from './attributes.js';
import { dataOf } from './data-rules.js';
import { LAYER_RULES } from './layer-rules.js';
import type { GraphNode, ModelJson } from './model-json.js';
import type { ModelInputs } from './model-inputs.js';
import { orderNodes, referenceOf } from './node-order.js';
import { LayerError } from '../layer-error.js';
import type { Operation } from './operation.js';
import { ELEMENTWISE, SHAPE_RULES } from './shape-rules.js';
import { broadcast, UNKNOWN } from './shapes.js';
import type { Weights } from './weights.js';

/**
 * Reads the layers of a graph model: shapes are worked out from those of its inputs and weights.
 *
 * @param nodes of the model, in any order
 * @param report takes what is wrong with a node
 */
export function readGraphModel(
  nodes: readonly GraphNode[],
  signature: ModelJson['signature'],
  weights: Weights,
  inputs: ModelInputs,
  report: (node: string, message: string) => void,
): NetworkBuilder {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const reader = new GraphReader(weights, inputs, report);
  const outputs = outputsOf(nodes, signature);
  for (const node of orderNodes(byName, outputs)) reader.read(node);
  for (const output of outputs) reader.output(output);
  return reader.builder;
}

/** The model's outputs: what its signature names, or nodes that nobody reads. */
function outputsOf(nodes: readonly GraphNode[], signature: ModelJson['signature']): string[] {
  const named = Object.values(signature?.outputs ?? {}).flatMap(({ name }) => {
    const reference = referenceOf(name);
    return reference ? [reference.node] : [];
  });
  const names = new Set(nodes.map(({ name }) => name));
  if (named.length > 0 && named.every((name) => names.has(name))) return [...new Set(named)];
  const read = new Set(nodes.flatMap(({ input }) => input.map((name) => referenceOf(name)?.node)));
  return nodes.map(({ name }) => name).filter((name) => !read.has(name));
}

class GraphReader {
  readonly builder = new NetworkBuilder();
  private readonly layers = new FeatureLayers(this.builder);
  private readonly results = new Map<string, readonly Tensor[]>();
  private readonly constants = new Set<string>();

  constructor(
    private readonly weights: Weights,
    private readonly inputs: ModelInputs,
    private readonly report: (node: string, message: string) => void,
  ) {}

  read(node: GraphNode): void {
    const references = node.input.map(referenceOf).filter((input) => input !== undefined);
    const operands = references.map(
      ({ node, index }) => this.results.get(node)?.[index] ?? NetworkBuilder.constant(undefined),
    );
    const operation: Operation = {
      name: node.name,
      op: node.op,
      operands,
      attributes: new Attributes(node),
    };
    this.results.set(node.name, this.resultsOf(operation, node));
  }

  /** The constant that a convolution reads as its filter. */
  private filterOf({ input: [, second] }: GraphNode): string | undefined {
    const reference = second === undefined ? undefined : referenceOf(second);
    return reference && this.constants.has(reference.node) ? reference.node : undefined;
  }

  output(node: string): void {
    for (const tensor of this.results.get(node) ?? []) this.builder.output(tensor);
  }

  private resultsOf(operation: Operation, node: GraphNode): readonly Tensor[] {
    const { name, op, operands, attributes } = operation;
    if (op === 'Const') {
      this.constants.add(name);
      return [NetworkBuilder.constant(this.weights.shape(name), this.weights.data(name))];
    }
    if (op.startsWith('Placeholder')) {
      return [NetworkBuilder.constant(this.inputs.shapeOf(name, attributes.shape('shape')))];
    }
    const rule = LAYER_RULES.get(op);
    try {
      if (rule) {
        const result = rule(operation, this.layers);
        const filter = this.filterOf(node);
        if (filter !== undefined) this.builder.nameFilter(filter);
        return [result];
      }
      const layer = this.sometimesLayer(operation);
      if (layer) return [layer];
    } catch (error) {
      if (!(error instanceof LayerError)) throw error;
      this.report(name, `${op}: ${error.message}`);
    }
    const data = dataOf(operation);
    if (ELEMENTWISE.has(op)) {
      const shape = broadcast(operands.map((operand) => operand.shape));
      const masked = op === 'Mul' ? maskOf(operands) : undefined;
      if (masked) return [NetworkBuilder.masked(masked.features, masked.mask, shape)];
      return [{ ...NetworkBuilder.pixelwise(operands, shape), data }];
    }
    const shapes = SHAPE_RULES.get(op)?.(operation) ?? [undefined];
    return shapes.map((shape) => ({ ...NetworkBuilder.opaque(operands, shape), data }));
  }

  /** Sums of feature maps and means over all pixels are layers. */
  private sometimesLayer({ name, op, operands, attributes }: Operation): Tensor | undefined {
    if (op === 'Add' || op === 'AddV2' || op === 'AddN') {
      const shape = operands[0]?.shape;
      const computed = operands.every(({ origins }) => origins.length > 0);
      if (computed && operands.some(isFeatureMap) && operands.some(isOpen)) {
        throw new LayerError('the shape of an operand is not known; are the weights files there?');
      }
      const features = operands.every(
        (operand) =>
          operand.origins.length > 0 &&
          operand.shape?.length === 4 &&
          operand.shape.every((size, i) => size === shape?.[i] && size > 0),
      );
      return features && operands.length > 1 ? this.layers.add(name, operands) : undefined;
    }
    const [{ shape, origins } = NetworkBuilder.constant(undefined), axes] = operands;
    const spatial = axes?.data?.length === 2 && axes.data[0] === 1 && axes.data[1] === 2;
    if (op === 'Mean' && spatial && shape?.length === 4 && origins.length > 0) {
      const kernel = [shape[1], shape[2]] as const;
      const spec = { kernel, strides: kernel, dilations: [1, 1], padding: 'valid' } as const;
      const pooled = this.layers.pool(name, 'GlobalAveragePool', operands[0], spec);
      const keep = attributes.bool('keep_dims');
      return keep ? pooled : { ...pooled, shape: [shape[0], shape[3]], decision: undefined };
    }
    return undefined;
  }
}

function isFeatureMap({ shape }: Tensor): boolean {
  return shape?.length === 4 && shape.every((size) => size > 0);
}

function isOpen({ shape }: Tensor): boolean {
  return !shape || shape.includes(UNKNOWN);
}

/** A product of features and a map with one value a pixel that a layer decided. */
export function maskOf(
  operands: readonly Tensor[],
): { features: Tensor; mask: Tensor } | undefined {
  for (const [features, mask] of [operands, [...operands].reverse()]) {
    const [a, b] = [features?.shape, mask?.shape];
    if (
      mask?.decision !== undefined &&
      a?.length === 4 &&
      b?.length === 4 &&
      b[3] === 1 &&
      a[3] > 1 &&
      a[1] === b[1] &&
      a[2] === b[2]
    ) {
      return { features, mask };
    }
  }
  return undefined;
}
