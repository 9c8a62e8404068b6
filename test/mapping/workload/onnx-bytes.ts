import { Writer } from 'protobufjs/minimal.js';

/** A node of a model that `onnxBytes` writes. */
export interface NodeSpec {
  op: string;
  inputs: string[];
  output: string;
  name?: string;
  attributes?: Record<string, number | number[]>;
}

/**
 * Writes an ONNX model, field by field as onnx.proto numbers them.
 *
 * @param shapes of tensors, in `value_info`; zero for an open dimension
 * @param weights shapes of initializers, each with some raw data that a reader has to skip
 */
export function onnxBytes(
  nodes: NodeSpec[],
  shapes: Record<string, number[]>,
  weights: Record<string, number[]> = {},
): Uint8Array {
  const graph = Writer.create();
  for (const node of nodes)
    nested(graph, 1, (writer) => {
      writeNode(writer, node);
    });
  for (const [name, dims] of Object.entries(weights)) {
    nested(graph, 5, (writer) => {
      for (const dim of dims) writer.uint32(tag(1, 0)).int64(dim);
      writer.uint32(tag(8, 2)).string(name).uint32(tag(9, 2)).bytes(new Uint8Array(64));
    });
  }
  for (const [name, dims] of Object.entries(shapes)) {
    nested(graph, 13, (writer) => {
      writer.uint32(tag(1, 2)).string(name);
      nested(writer, 2, (type) => {
        nested(type, 1, (tensor) => {
          writeShape(tensor, dims);
        });
      });
    });
  }
  const model = Writer.create().uint32(tag(1, 0)).int64(8);
  return model.uint32(tag(7, 2)).bytes(graph.finish()).finish();
}

function writeNode(writer: Writer, { op, inputs, output, name, attributes = {} }: NodeSpec): void {
  for (const input of inputs) writer.uint32(tag(1, 2)).string(input);
  writer.uint32(tag(2, 2)).string(output);
  if (name !== undefined) writer.uint32(tag(3, 2)).string(name);
  writer.uint32(tag(4, 2)).string(op);
  for (const [key, value] of Object.entries(attributes)) {
    nested(writer, 5, (attribute) => {
      attribute.uint32(tag(1, 2)).string(key);
      if (typeof value === 'number') attribute.uint32(tag(3, 0)).int64(value);
      else for (const item of value) attribute.uint32(tag(8, 0)).int64(item);
    });
  }
}

function writeShape(writer: Writer, dims: number[]): void {
  writer.uint32(tag(1, 0)).int32(1);
  nested(writer, 2, (shape) => {
    for (const dim of dims) {
      nested(shape, 1, (entry) => {
        if (dim > 0) entry.uint32(tag(1, 0)).int64(dim);
        else entry.uint32(tag(2, 2)).string('batch');
      });
    }
  });
}

function tag(field: number, wireType: number): number {
  return field * 8 + wireType;
}

function nested(writer: Writer, field: number, write: (inner: Writer) => unknown): void {
  const inner = Writer.create();
  write(inner);
  writer.uint32(tag(field, 2)).bytes(inner.finish());
}
