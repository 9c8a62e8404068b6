import type { Comparison } from '../../kernels/command.js';
import { Command } from '../arrays/command.js';
import type { Bounds } from '../arrays/command.js';
import type { Evaluation } from '../graph/evaluation.js';
import type { PixelSet } from '../graph/pixels.js';
import type { Rows } from '../graph/rows.js';
import type { RowKernelName } from '../memory/kernels.js';

/** A function of each value, as a kernel of kernels/activations.ts computes it. */
export interface ValueFunction {
  readonly kernel: RowKernelName;
  /** Writes its parameters to a command. */
  readonly place?: (command: Command) => void;
}

/** A function without parameters. */
export function onKernel(kernel: RowKernelName): ValueFunction {
  return { kernel };
}

/** x * (clamp(x + offset) * scale) */
export function selfGate(offset: number, bounds: Bounds, scale: number): ValueFunction {
  return {
    kernel: 'f32_self_gate',
    place: (command) => command.numbers(offset, scale).bounds(bounds),
  };
}

/** x * relu6(x + 3) / 6; Howard et al., Searching for MobileNetV3 (ICCV 2019), section 5.2. */
export const HARD_SWISH = selfGate(3, { min: 0, max: 6 }, 1 / 6);

/** 1 where the comparison of x with a number holds, else 0 */
export function comparedWith(comparison: Comparison, number: number): ValueFunction {
  return {
    kernel: 'f32_compare',
    place: (command) => command.numbers(number, comparison),
  };
}

/** x / divisor */
export function quotient(divisor: number): ValueFunction {
  return { kernel: 'f32_divide', place: (command) => command.numbers(divisor) };
}

/** The function of the values of `rows`, for the pixels of `set`; takes over the rows. */
export function activate(
  rows: Rows,
  { kernel, place }: ValueFunction,
  set: PixelSet,
  evaluation: Evaluation,
): Rows {
  const { channels } = rows;
  const command = new Command().channels(channels);
  place?.(command);
  return evaluation.produce(set, channels, {
    kernel,
    command,
    inputs: [rows],
    window: null,
    record: null,
  });
}
