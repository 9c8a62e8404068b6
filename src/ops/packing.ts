import type { RowKernelName } from '../arrays/kernels.js';
import type { View } from '../graph/node.js';
import type { Storage } from '../graph/storage.js';

/** Numbers that tell biases apart: a filter is packed anew when its bias changes. */
const biasKeys = new WeakMap<Storage, number>();
let lastBiasKey = 0;

function keyOf(bias: Storage | null): string {
  if (!bias) return '';
  let key = biasKeys.get(bias);
  if (key === undefined) {
    key = ++lastBiasKey;
    biasKeys.set(bias, key);
  }
  return String(key);
}

/**
 * A filter [height, width, in, out] with its bias in the panels that `kernel` reads; packed once and
 * kept with the filter. Both are in memory. Returns the address.
 * @param taps filter positions of one panel, each of `inChannels` values
 */
export function packFilter(
  kernel: RowKernelName,
  filter: View,
  bias: Storage | null,
  taps: number,
  inChannels: number,
): number {
  const { storage, channels } = filter;
  const { kernels } = storage.runtime;
  const narrow = kernel === 'f32_igemm_4x1';
  const pack = narrow ? kernels.pack_igemm_x1 : kernels.pack_igemm_x8;
  const size = narrow ? kernels.packed_igemm_x1_bytes : kernels.packed_igemm_x8_bytes;
  const bytes = size(taps, inChannels, channels);
  const key = `${String(taps)} ${String(channels)} ${keyOf(bias)}`;
  return storage.packed(kernel, key, bytes, (pointer) => {
    pack(storage.pointer, bias?.pointer ?? 0, taps, inChannels, channels, pointer);
  });
}
