import { InputError } from '../../problem.js';
import type { Layer, Workload } from '../layer.js';
import {
  convolution,
  DEFAULT_PRECISION,
  gemm,
  type Extent,
  type Identity,
  type Precision,
} from '../operators.js';
import { Attributes, decodeOnnx } from './onnx-model.js';
import type { onnx } from './onnx-pb.js';
import { Shapes } from './shapes.js';

/**
 * Reads an ONNX model as ZigZag does: convolutions and matrix products are layers, every other node
 * costs nothing. A node may say its precision in the attributes `weight_size`, `act_size` and
 * `output_size`. Shapes must be in the model (`onnx.shape_inference.infer_shapes`).
 *
 * @param name of the file, for messages
 * @throws InputError with every problem: the file, and the byte or the node
 */
export function parseOnnxWorkload(name: string, bytes: Uint8Array): Workload {
  const reader = new GraphReader(name, decodeOnnx(name, bytes));
  const layers = reader.read();
  if (layers.length === 0) {
    const message = `expected a model with Conv, Gemm or MatMul nodes; it has none`;
    throw new InputError([{ file: name, message }]);
  }
  return { name, layers };
}

class GraphReader {
  private readonly shapes: Shapes;
  private readonly layers: Layer[] = [];
  /** For each tensor that a node computes: the layers that it is made of. */
  private readonly sources = new Map<string, readonly number[]>();
  private readonly problems: string[] = [];

  constructor(
    private readonly name: string,
    private readonly graph: onnx.GraphProto,
  ) {
    this.shapes = new Shapes(graph);
  }

  read(): Layer[] {
    this.graph.node.forEach((node, index) => {
      this.readNode(node, nameOf(node, index));
    });
    if (this.problems.length > 0) {
      throw new InputError(this.problems.map((message) => ({ file: this.name, message })));
    }
    return this.layers;
  }

  private readNode(node: onnx.NodeProto, name: string): void {
    const read = READERS.get(node.opType ?? '');
    const data = node.input.filter((input) => this.sources.has(input));
    let sources = unique(data.flatMap((input) => this.sources.get(input)!));
    if (read) {
      try {
        const identity = identityOf(
          node,
          name,
          data.map((input) => this.sources.get(input)!),
        );
        this.layers.push(checked(read(node, identity, this.shapes)));
        sources = [this.layers.length - 1];
      } catch (error) {
        if (!(error instanceof NodeError)) throw error;
        this.problems.push(`node ${name} (${node.opType}): ${error.message}`);
      }
    }
    for (const output of node.output) this.sources.set(output, sources);
  }
}

function nameOf({ name }: onnx.NodeProto, index: number): string {
  return name === undefined || name === null || name === '' ? `Op${index}` : name;
}

/** What is wrong with a node. */
class NodeError extends Error {}

type NodeReader = (node: onnx.NodeProto, identity: Identity, shapes: Shapes) => Layer;

const READERS: ReadonlyMap<string, NodeReader> = new Map([
  ['Conv', readConvolution],
  ['QLinearConv', readConvolution],
  ['Gemm', readGemm],
  ['MatMul', readGemm],
]);

/** A feature map is the first input, and the second where both are computed. */
function identityOf(
  node: onnx.NodeProto,
  name: string,
  computed: readonly (readonly number[])[],
): Identity {
  const sources = computed.length > 1 ? computed.slice(0, 2) : [computed[0] ?? []];
  return { name, type: node.opType ?? '', sources, precision: precisionOf(node) };
}

function precisionOf(node: onnx.NodeProto): Precision {
  const attributes = new Attributes(node);
  const activations = attributes.int('act_size') ?? DEFAULT_PRECISION.activations;
  return {
    activations,
    weights: attributes.int('weight_size') ?? DEFAULT_PRECISION.weights,
    partialSums: attributes.int('output_size') ?? 2 * activations,
  };
}

function readConvolution(node: onnx.NodeProto, identity: Identity, shapes: Shapes): Layer {
  const attributes = new Attributes(node);
  const input = shapeOf(shapes, node.input[0], 4);
  const output = shapeOf(shapes, node.output[0], 4);
  const weights = node.input[node.opType === 'QLinearConv' ? 3 : 1];
  const kernel = extent(attributes.ints('kernel_shape') ?? shapes.of(weights)?.slice(2), [0, 0]);
  const groups = attributes.int('group') ?? 1;
  if (groups < 1) throw new NodeError(`expected at least one group, found ${groups}`);
  const pads = attributes.ints('pads') ?? [0, 0, 0, 0];
  if (pads.length !== 4) throw new NodeError(`expected four pads, found ${pads.length}`);
  return convolution(identity, {
    batch: output[0] || 1,
    groups,
    inChannels: Math.ceil(input[1] / groups),
    outChannels: Math.ceil(output[1] / groups),
    input: [input[2], input[3]],
    output: [output[2], output[3]],
    window: {
      kernel,
      strides: extent(attributes.ints('strides'), [1, 1]),
      dilations: extent(attributes.ints('dilations'), [1, 1]),
      padding: [
        [pads[0], pads[2]],
        [pads[1], pads[3]],
      ],
    },
  });
}

/** Two values of a list that may be absent. */
function extent(values: readonly number[] | undefined, otherwise: Extent): Extent {
  const [rows, columns] = values ?? otherwise;
  if (rows === undefined || columns === undefined || (values && values.length !== 2)) {
    throw new NodeError('only two-dimensional convolutions are known');
  }
  return [rows, columns];
}

function readGemm(node: onnx.NodeProto, identity: Identity, shapes: Shapes): Layer {
  const output = shapeOf(shapes, node.output[0]);
  const input = gemmInput(node, shapes, output);
  if (input.length !== output.length) {
    throw new NodeError(`expected as many dimensions in [${input}] as in [${output}]`);
  }
  const [rows, inner] = input.slice(-2);
  if (input.length < 2 || input.length > 4 || rows !== output[output.length - 2]) {
    throw new NodeError(`expected two to four dimensions of one product: [${input}], [${output}]`);
  }
  // Three dimensions are a batch of matrices, four a batch of heads.
  const [batch, heads] = input.slice(0, -2).map((size) => size || 1);
  return gemm(identity, {
    batch,
    heads,
    rows: rows || 1,
    inner,
    columns: output[output.length - 1],
  });
}

/** The shape of the left matrix, as it is after `transA`, or as the weights tell it. */
function gemmInput(
  node: onnx.NodeProto,
  shapes: Shapes,
  output: readonly number[],
): readonly number[] {
  const attributes = new Attributes(node);
  const told = shapes.of(node.input[0]);
  if (told && told.length > 0) return attributes.int('transA') ? [...told].reverse() : told;
  const weights = shapeOf(shapes, node.input[1], 2);
  return [output[0], attributes.int('transB') ? weights[1] : weights[0]];
}

function shapeOf(shapes: Shapes, tensor: string | undefined, rank?: number): readonly number[] {
  const shape = shapes.of(tensor ?? '');
  if (!shape) {
    throw new NodeError(
      `the model tells no shape for ${tensor}: run onnx.shape_inference.infer_shapes on it`,
    );
  }
  if (rank !== undefined && shape.length !== rank) {
    throw new NodeError(`expected ${rank} dimensions of ${tensor}, found [${shape}]`);
  }
  return shape;
}

/** A layer whose sizes are known to be sizes. */
function checked(layer: Layer): Layer {
  const wrong = [...layer.loops, ...layer.relations].find(
    ({ size }) => !Number.isInteger(size) || size < 1,
  );
  if (wrong) {
    throw new NodeError(`${wrong.dim} has the size ${wrong.size}: is a dimension left open?`);
  }
  const macs = layer.loops.reduce((product, { size }) => product * size, 1);
  if (!Number.isSafeInteger(macs)) throw new NodeError('it has more than 2^53 operations');
  return layer;
}

function unique(values: readonly number[]): number[] {
  return [...new Set(values)];
}
