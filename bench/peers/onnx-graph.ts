import { Writer } from 'protobufjs/minimal.js';

/** Attributes of a node: whole numbers, lists of them, or text. */
type Attributes = Record<string, number | readonly number[] | string>;

/** Values of a model: float32, or the 64-bit integers that shapes are told in. */
export type TensorValues = Float32Array | BigInt64Array;

const IR_VERSION = 8;
/** The first operator set in which Resize may name the axes that it resizes. */
const OPSET = 18;
const FLOAT = 1;
const INT64 = 7;
const AttributeType = { int: 2, text: 3, ints: 7 } as const;

const VARINT = 0;
const BYTES = 2;
const tag = (field: number, wire: number): number => (field << 3) | wire;

/** Writes an ONNX model, field by field as onnx.proto (ONNX 1.16) numbers them. */
export class OnnxGraph {
  private readonly graph = Writer.create();
  private readonly tensors = new Set<string>();

  /** Adds a node with one output; returns the output's name. */
  node(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    nested(this.graph, 1, (node) => {
      for (const input of inputs) text(node, 1, input);
      text(node, 2, output);
      text(node, 4, op);
      for (const [name, value] of Object.entries(attributes)) {
        nested(node, 5, (attribute) => {
          writeAttribute(text(attribute, 1, name), value);
        });
      }
    });
    return output;
  }

  /** Adds a tensor of fixed values, unless there is one of that name; returns the name. */
  tensor(name: string, shape: readonly number[], values: TensorValues): string {
    if (this.tensors.has(name)) return name;
    this.tensors.add(name);
    nested(this.graph, 5, (tensor) => {
      for (const size of shape) integer(tensor, 1, size);
      integer(tensor, 2, values instanceof Float32Array ? FLOAT : INT64);
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      text(tensor, 8, name).uint32(tag(9, BYTES)).bytes(bytes);
    });
    return name;
  }

  /** The model as a file, with one float32 input, and an output whose shape follows from it. */
  finish(input: { name: string; shape: readonly number[] }, output: string): Uint8Array {
    text(this.graph, 2, 'network');
    writeValueInfo(this.graph, 11, input);
    writeValueInfo(this.graph, 12, { name: output });
    const model = integer(Writer.create(), 1, IR_VERSION);
    nested(model, 8, (opset) => {
      integer(text(opset, 1, ''), 2, OPSET);
    });
    return model.uint32(tag(7, BYTES)).bytes(this.graph.finish()).finish();
  }
}

function writeAttribute(attribute: Writer, value: Attributes[string]): void {
  if (typeof value === 'string') {
    integer(text(attribute, 4, value), 20, AttributeType.text);
  } else if (typeof value === 'number') {
    integer(integer(attribute, 3, value), 20, AttributeType.int);
  } else {
    for (const item of value) integer(attribute, 8, item);
    integer(attribute, 20, AttributeType.ints);
  }
}

function writeValueInfo(
  graph: Writer,
  field: number,
  { name, shape }: { name: string; shape?: readonly number[] },
): void {
  nested(graph, field, (info) => {
    nested(text(info, 1, name), 2, (type) => {
      nested(type, 1, (tensor) => {
        integer(tensor, 1, FLOAT);
        if (!shape) return;
        nested(tensor, 2, (dimensions) => {
          for (const size of shape) {
            nested(dimensions, 1, (dimension) => {
              integer(dimension, 1, size);
            });
          }
        });
      });
    });
  });
}

function nested(writer: Writer, field: number, write: (inner: Writer) => void): void {
  const inner = Writer.create();
  write(inner);
  writer.uint32(tag(field, BYTES)).bytes(inner.finish());
}

function text(writer: Writer, field: number, value: string): Writer {
  return writer.uint32(tag(field, BYTES)).string(value);
}

function integer(writer: Writer, field: number, value: number): Writer {
  return writer.uint32(tag(field, VARINT)).int64(value);
}
