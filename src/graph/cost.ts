import type { RowKernelName } from '../memory/kernels.js';
import type { Producer, Rows } from './rows.js';

/** Multiply-accumulates that a lane does in a nanosecond. */
export const MACS_PER_NS = 20;
/** Values that a lane moves in a nanosecond. */
const VALUES_PER_NS = 1.5;

const MATRIX_PRODUCTS: ReadonlySet<RowKernelName> = new Set<RowKernelName>([
  'f32_igemm_6x8',
  'f32_igemm_6x16',
  'f32_igemm_1x32',
  'f32_igemm_4x1',
]);

/** About how long a lane takes for one of `rows` by their producer, in nanoseconds. */
export function rowCost({ channels }: Rows, producer: Producer): number {
  const taps = producer.window?.taps ?? 1;
  if (!MATRIX_PRODUCTS.has(producer.kernel)) return (taps * channels) / VALUES_PER_NS;
  return (taps * producer.inputs[0].channels * channels) / MACS_PER_NS;
}
