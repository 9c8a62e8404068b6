import { LayerError } from '../layer-error.js';
import type { Extent } from '../operators.js';
import type { WindowSpec } from '../feature-layers.js';

/** A Keras layer's configuration, read field by field. */
export class Config {
  constructor(private readonly values: Readonly<Record<string, unknown>>) {}

  get(name: string): unknown {
    return this.values[name];
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  bool(name: string): boolean {
    return this.values[name] === true;
  }

  size(name: string, otherwise?: number): number {
    const value = this.values[name] ?? otherwise;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
    throw new LayerError(`${name} is ${JSON.stringify(value)}: expected a whole number above 0`);
  }

  /** Rows and columns; one number stands for both. */
  extent(name: string, otherwise?: Extent): Extent {
    const value = this.values[name] ?? otherwise;
    if (typeof value === 'number') return [value, value];
    const numbers = numbersOf(value);
    if (numbers?.length === 2) return [numbers[0], numbers[1]];
    throw new LayerError(`${name} is ${JSON.stringify(value)}: expected rows and columns`);
  }

  /** Of a padding or cropping: [[above, below], [left, right]]. */
  border(name: string): readonly [Extent, Extent] {
    const value = this.values[name];
    if (typeof value === 'number')
      return [
        [value, value],
        [value, value],
      ];
    const [rows, columns]: unknown[] = Array.isArray(value) ? (value as unknown[]) : [];
    const pair = (side: unknown): Extent | undefined => {
      if (typeof side === 'number') return [side, side];
      const numbers = numbersOf(side);
      return numbers?.length === 2 ? [numbers[0], numbers[1]] : undefined;
    };
    const [a, b] = [pair(rows), pair(columns)];
    if (a && b) return [a, b];
    throw new LayerError(`${name} is ${JSON.stringify(value)}: expected rows and columns`);
  }

  numbers(name: string): readonly number[] | undefined {
    return numbersOf(this.values[name]);
  }

  /** A sliding window; its kernel's extent is in the field `kernel`. */
  window(kernel: string, strides: Extent = [1, 1]): WindowSpec {
    if (this.text('data_format') === 'channels_first') {
      throw new LayerError('data_format is channels_first: expected channels_last');
    }
    const padding = this.text('padding') ?? 'valid';
    if (padding !== 'same' && padding !== 'valid') {
      throw new LayerError(`padding is ${padding}: expected same or valid`);
    }
    const extent = this.extent(kernel);
    return {
      kernel: extent,
      strides: this.extent('strides', kernel === 'pool_size' ? extent : strides),
      dilations: this.extent('dilation_rate', [1, 1]),
      padding,
    };
  }
}

function numbersOf(value: unknown): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value as unknown[];
  const numbers = items.filter((item) => typeof item === 'number');
  return numbers.length === items.length ? numbers : undefined;
}
