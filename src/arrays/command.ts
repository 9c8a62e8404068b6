import { Word } from '../../kernels/command.js';
import type { Geometry } from './geometry.js';
import type { Heap } from '../memory/heap.js';

/** Bounds that a kernel clamps its output to. */
export interface Bounds {
  min: number;
  max: number;
}

/** Where the rows of an operand lie; see kernels/command.ts. */
export interface Placement {
  /** Address of row 0. */
  pointer: number;
  /** Bytes from row to row. */
  stride: number;
  /** -1, or the rows of a ring less one. */
  mask?: number;
}

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** The bits of a float32. */
function bitsOf(value: number): number {
  float[0] = value;
  return floatBits[0];
}

const DEFAULTS = new Array<number>(Word.Count).fill(0);
DEFAULTS[Word.InMask] = -1;
DEFAULTS[Word.In2Mask] = -1;
DEFAULTS[Word.OutMask] = -1;
DEFAULTS[Word.Min] = bitsOf(-Infinity);
DEFAULTS[Word.Max] = bitsOf(Infinity);

/**
 * The parameters of a kernel call (layout: kernels/command.ts), kept here until they are placed in
 * memory. One is made for every layer of every prediction, so it is made to be cheap.
 */
export class Command {
  /** Room that a command takes in memory. */
  static readonly bytes = Word.Count * 4;

  private readonly words = DEFAULTS.slice();

  /** Values of one row of the input and of the output. */
  channels(input: number, output = input): this {
    this.words[Word.InChannels] = input;
    this.words[Word.OutChannels] = output;
    return this;
  }

  input({ pointer, stride, mask = -1 }: Placement, rowOf = 0): this {
    this.words[Word.InBase] = pointer;
    this.words[Word.InStride] = stride;
    this.words[Word.InMask] = mask;
    this.words[Word.InRowOf] = rowOf;
    return this;
  }

  secondInput({ pointer, stride, mask = -1 }: Placement, rowOf = 0): this {
    this.words[Word.In2Base] = pointer;
    this.words[Word.In2Stride] = stride;
    this.words[Word.In2Mask] = mask;
    this.words[Word.In2RowOf] = rowOf;
    return this;
  }

  output({ pointer, stride, mask = -1 }: Placement, pixels = 0): this {
    this.words[Word.OutBase] = pointer;
    this.words[Word.OutStride] = stride;
    this.words[Word.OutMask] = mask;
    this.words[Word.OutPixels] = pixels;
    return this;
  }

  /** Address of the row that stands in for absent pixels and padding. */
  zero(pointer: number): this {
    this.words[Word.Zero] = pointer;
    return this;
  }

  /** Addresses of weights and bias; 0 for none. */
  weights(weights: number, bias = 0): this {
    this.words[Word.Weights] = weights;
    this.words[Word.Bias] = bias;
    return this;
  }

  bounds({ min, max }: Bounds): this {
    this.words[Word.Min] = bitsOf(min);
    this.words[Word.Max] = bitsOf(max);
    return this;
  }

  /** Rows of a block of the temporal mapping. */
  rowBlock(rows: number): this {
    this.words[Word.RowBlock] = rows;
    return this;
  }

  /** Parameters of one kernel alone. */
  parameters(first: number, second = 0): this {
    this.words[Word.Param0] = first;
    this.words[Word.Param1] = second;
    return this;
  }

  /** The same as float32. */
  numbers(first: number, second = 0): this {
    return this.parameters(bitsOf(first), bitsOf(second));
  }

  /** Heights and widths of the input's and the output's images. */
  images(inHeight: number, inWidth: number, outHeight: number, outWidth: number): this {
    this.words[Word.InH] = inHeight;
    this.words[Word.InW] = inWidth;
    this.words[Word.OutH] = outHeight;
    this.words[Word.OutW] = outWidth;
    return this;
  }

  window(geometry: Geometry): this {
    const { words } = this;
    words[Word.KernelH] = geometry.kernelHeight;
    words[Word.KernelW] = geometry.kernelWidth;
    words[Word.StrideH] = geometry.strideHeight;
    words[Word.StrideW] = geometry.strideWidth;
    words[Word.DilationH] = geometry.dilationHeight;
    words[Word.DilationW] = geometry.dilationWidth;
    words[Word.PadTop] = geometry.padTop;
    words[Word.PadLeft] = geometry.padLeft;
    const { inHeight, inWidth, outHeight, outWidth } = geometry;
    return this.images(inHeight, inWidth, outHeight, outWidth);
  }

  /** Writes the command to memory at `pointer`, which has room for `Command.bytes`. */
  place({ i32 }: Heap, pointer: number): void {
    const at = pointer >>> 2;
    for (let word = 0; word < this.words.length; word++) i32[at + word] = this.words[word];
  }
}
