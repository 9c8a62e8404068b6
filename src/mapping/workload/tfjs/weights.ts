import type { WeightSpec } from './model-json.js';

const BYTES = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 };
/** Larger tensors are no shapes, axes or sizes. */
const MAX_ELEMENTS = 64;

/** The shapes of a model's weights, and the values of those that shapes may be computed of. */
export class Weights {
  private readonly specs = new Map<string, WeightSpec>();
  private readonly offsets = new Map<string, number>();

  /**
   * @param bytes the weights files, one after the other; where they are missing, no values are known
   */
  constructor(
    specs: readonly WeightSpec[],
    private readonly bytes: Uint8Array | undefined,
  ) {
    let offset = 0;
    for (const spec of specs) {
      this.specs.set(spec.name, spec);
      this.offsets.set(spec.name, offset);
      // Strings carry their lengths with them: nothing behind them can be found without reading them.
      offset +=
        spec.dtype === 'string'
          ? Number.NaN
          : elements(spec) * BYTES[spec.quantization?.dtype ?? spec.dtype];
    }
  }

  shape(name: string): readonly number[] | undefined {
    return this.specs.get(name)?.shape;
  }

  /** The elements of a small tensor of numbers; undefined if they are not known. */
  data(name: string): number[] | undefined {
    const spec = this.specs.get(name);
    const offset = this.offsets.get(name);
    if (!spec || offset === undefined || Number.isNaN(offset) || !this.bytes) return undefined;
    const count = elements(spec);
    if (count > MAX_ELEMENTS || spec.quantization) return undefined;
    if (spec.dtype !== 'int32' && spec.dtype !== 'float32') return undefined;
    if (offset + 4 * count > this.bytes.byteLength) return undefined;
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + offset, 4 * count);
    const integers = spec.dtype === 'int32';
    return Array.from({ length: count }, (_, i) =>
      integers ? view.getInt32(4 * i, true) : view.getFloat32(4 * i, true),
    );
  }
}

function elements({ shape }: WeightSpec): number {
  return shape.reduce((product, size) => product * size, 1);
}
