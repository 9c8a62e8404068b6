import { Reader } from 'protobufjs/minimal.js';
import { InputError } from '../../problem.js';
import { onnx } from './onnx-pb.js';

/**
 * Decodes what `onnx.proto` names of an ONNX model; the rest, weights above all, is skipped over.
 *
 * @param name of the file, for messages
 * @throws InputError with the byte at which the file cannot be read on
 */
export function decodeOnnx(name: string, bytes: Uint8Array): onnx.GraphProto {
  const reader = new Reader(bytes);
  reader.discardUnknown = true;
  let model: onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(reader);
  } catch (error) {
    const message =
      `byte ${reader.pos}: expected an ONNX model; ` +
      `the file is cut off or damaged here (${String(error)})`;
    throw new InputError([{ file: name, message }]);
  }
  if (!model.graph || model.graph.node.length === 0) {
    const message = `byte ${bytes.length}: expected an ONNX model with a graph; it has no nodes`;
    throw new InputError([{ file: name, message }]);
  }
  return model.graph;
}

/** A node's attributes by name. */
export class Attributes {
  private readonly byName: Map<string, onnx.AttributeProto>;

  constructor(node: onnx.NodeProto) {
    this.byName = new Map(node.attribute.map((attribute) => [attribute.name ?? '', attribute]));
  }

  int(name: string): number | undefined {
    return this.byName.get(name)?.i ?? undefined;
  }

  ints(name: string): readonly number[] | undefined {
    const ints = this.byName.get(name)?.ints;
    return ints && ints.length > 0 ? ints : undefined;
  }
}
