/** As much of the package flatbuffers as is used here. */
export interface FlatBuffers {
  Builder: new (initialSize: number) => Builder;
}

type Offset = number;

interface Builder {
  startObject(fields: number): void;
  addFieldInt8(field: number, value: number, fallback: number): void;
  addFieldInt32(field: number, value: number, fallback: number): void;
  addFieldOffset(field: number, value: Offset, fallback: Offset): void;
  endObject(): Offset;
  startVector(elementBytes: number, elements: number, alignment: number): void;
  addInt32(value: number): void;
  addOffset(value: Offset): void;
  endVector(): Offset;
  createString(text: string): Offset;
  finish(root: Offset, identifier: string): void;
  asUint8Array(): Uint8Array;
}

/** Numbers of TFLite's schema (version 3): operators, and the tables of their options. */
const OPERATORS = {
  ADD: { code: 0, options: 11 },
  CONV_2D: { code: 3, options: 1 },
  DEPTHWISE_CONV_2D: { code: 4, options: 2 },
  MAX_POOL_2D: { code: 17, options: 5 },
  MUL: { code: 18, options: 21 },
  CAST: { code: 53, options: 37 },
  GREATER_EQUAL: { code: 62, options: 45 },
  RESIZE_NEAREST_NEIGHBOR: { code: 97, options: 74 },
} as const;
export type TfliteOperator = keyof typeof OPERATORS;

const NAMES = Object.keys(OPERATORS) as TfliteOperator[];
const SCHEMA_VERSION = 3;

/** Element types, by TFLite's numbers. */
export const TfliteType = { float32: 0, int32: 2, bool: 6 } as const;
type Type = keyof typeof TfliteType;

/** An option of an operator: the number of its field, and its value. */
export interface Option {
  field: number;
  bits: 8 | 32;
  value: number;
}

/** A tensor of the graph: its number. */
export type TfliteTensor = number;

interface TensorEntry {
  name: string;
  shape: readonly number[];
  type: Type;
  values?: Float32Array | Int32Array;
}

interface OperatorEntry {
  operator: TfliteOperator;
  inputs: readonly TfliteTensor[];
  output: TfliteTensor;
  options: readonly Option[];
}

/** Writes a model of TFLite, which is a flat buffer. */
export class TfliteGraph {
  private readonly tensors: TensorEntry[] = [];
  private readonly operators: OperatorEntry[] = [];

  /** Adds a tensor, with its values if they are fixed. */
  tensor(entry: TensorEntry): TfliteTensor {
    return this.tensors.push(entry) - 1;
  }

  shapeOf(tensor: TfliteTensor): readonly number[] {
    return this.tensors[tensor].shape;
  }

  /** Adds an operator; returns its output. */
  node(
    operator: TfliteOperator,
    inputs: readonly TfliteTensor[],
    result: TensorEntry,
    options: readonly Option[] = [],
  ): TfliteTensor {
    const output = this.tensor(result);
    this.operators.push({ operator, inputs, output, options });
    return output;
  }

  /** The model as a file. */
  finish({ Builder }: FlatBuffers, input: TfliteTensor, output: TfliteTensor): Uint8Array {
    const file = new Writer(new Builder(2 ** 20));
    // Buffer 0 is that of tensors without values.
    const buffers = [file.table([])];
    const tensors = this.tensors.map(({ name, shape, type, values }) => {
      let buffer = 0;
      if (values) {
        buffer = buffers.push(file.table([{ field: 0, offset: file.values(values) }])) - 1;
      }
      return file.table([
        { field: 0, offset: file.integers(shape) },
        { field: 1, bits: 8, value: TfliteType[type] },
        { field: 2, bits: 32, value: buffer },
        { field: 3, offset: file.text(name) },
      ]);
    });
    const operators = this.operators.map(({ operator, inputs, output, options }) =>
      file.table([
        { field: 0, bits: 32, value: NAMES.indexOf(operator) },
        { field: 1, offset: file.integers(inputs) },
        { field: 2, offset: file.integers([output]) },
        { field: 3, bits: 8, value: OPERATORS[operator].options },
        { field: 4, offset: file.table(options) },
      ]),
    );
    const graph = file.table([
      { field: 0, offset: file.offsets(tensors) },
      { field: 1, offset: file.integers([input]) },
      { field: 2, offset: file.integers([output]) },
      { field: 3, offset: file.offsets(operators) },
    ]);
    const codes = NAMES.map((name) =>
      file.table([
        { field: 0, bits: 8, value: OPERATORS[name].code },
        { field: 2, bits: 32, value: 1 },
        { field: 3, bits: 32, value: OPERATORS[name].code },
      ]),
    );
    const root = file.table([
      { field: 0, bits: 32, value: SCHEMA_VERSION },
      { field: 1, offset: file.offsets(codes) },
      { field: 2, offset: file.offsets([graph]) },
      { field: 4, offset: file.offsets(buffers) },
    ]);
    return file.finish(root, 'TFL3');
  }
}

/** A field of a table: a number, or where something else lies. */
type Field = Option | { field: number; offset: Offset };

/** Flat buffers' pieces; each is written before what refers to it. */
class Writer {
  constructor(private readonly builder: Builder) {}

  table(fields: readonly Field[]): Offset {
    const { builder } = this;
    builder.startObject(Math.max(0, ...fields.map(({ field }) => field + 1)));
    for (const entry of fields) {
      if ('offset' in entry) builder.addFieldOffset(entry.field, entry.offset, 0);
      else if (entry.bits === 8) builder.addFieldInt8(entry.field, entry.value, 0);
      else builder.addFieldInt32(entry.field, entry.value, 0);
    }
    return builder.endObject();
  }

  integers(values: readonly number[]): Offset {
    this.builder.startVector(4, values.length, 4);
    return this.words(values);
  }

  offsets(values: readonly Offset[]): Offset {
    this.builder.startVector(4, values.length, 4);
    for (const value of [...values].reverse()) this.builder.addOffset(value);
    return this.builder.endVector();
  }

  /** Values of a tensor, which begin at a multiple of 16. */
  values(values: Float32Array | Int32Array): Offset {
    this.builder.startVector(1, values.byteLength, 16);
    return this.words(new Int32Array(values.buffer, values.byteOffset, values.length));
  }

  text(value: string): Offset {
    return this.builder.createString(value);
  }

  private words(values: ArrayLike<number>): Offset {
    // A flat buffer is written from its end to its beginning.
    for (let i = values.length - 1; i >= 0; i--) this.builder.addInt32(values[i]);
    return this.builder.endVector();
  }

  finish(root: Offset, identifier: string): Uint8Array {
    this.builder.finish(root, identifier);
    return this.builder.asUint8Array();
  }
}
