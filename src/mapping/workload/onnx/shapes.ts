import type { onnx } from './onnx-pb.js';

/** The shapes that an ONNX model tells: of its inputs, outputs, initializers and `value_info`. */
export class Shapes {
  private readonly byTensor = new Map<string, readonly number[]>();

  constructor(graph: onnx.GraphProto) {
    for (const { name, dims } of graph.initializer) this.byTensor.set(name ?? '', dims);
    for (const { name, type } of [...graph.valueInfo, ...graph.output, ...graph.input]) {
      const shape = type?.tensorType?.shape;
      // A batch that the model leaves open is one.
      if (shape)
        this.byTensor.set(
          name ?? '',
          shape.dim.map(({ dimValue }) => dimValue ?? 0),
        );
    }
  }

  /** The shape of a tensor, zero where a dimension is open; undefined if the model tells none. */
  of(tensor: string): readonly number[] | undefined {
    return this.byTensor.get(tensor);
  }
}
