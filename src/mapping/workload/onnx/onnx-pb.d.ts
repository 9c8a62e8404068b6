/** What `onnx-pb.js` exports: the messages of `onnx.proto`. Absent fields are null or undefined. */
import type { Reader } from 'protobufjs/minimal.js';

export namespace onnx {
  interface ModelProto {
    graph?: GraphProto | null;
  }
  const ModelProto: { decode(reader: Reader): ModelProto };

  interface GraphProto {
    node: NodeProto[];
    initializer: TensorProto[];
    input: ValueInfoProto[];
    output: ValueInfoProto[];
    valueInfo: ValueInfoProto[];
  }

  interface NodeProto {
    input: string[];
    output: string[];
    name?: string | null;
    opType?: string | null;
    attribute: AttributeProto[];
  }

  interface AttributeProto {
    name?: string | null;
    i?: number | null;
    ints: number[];
  }

  interface TensorProto {
    dims: number[];
    name?: string | null;
  }

  interface ValueInfoProto {
    name?: string | null;
    type?: { tensorType?: { shape?: TensorShapeProto | null } | null } | null;
  }

  interface TensorShapeProto {
    dim: { dimValue?: number | null }[];
  }
}
