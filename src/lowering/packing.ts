import type { PackKernels, RowKernelName } from '../memory/kernels.js';
import type { Storage } from '../graph/storage.js';
import type { Runtime } from '../arrays/runtime.js';

/** How a filter is cut and ordered for a kernel: all that decides a packing, but for the values. */
export class FilterLayout {
  constructor(
    readonly kernel: RowKernelName,
    /** Which taps, in this order; or how many, from the first. */
    readonly taps: number | readonly number[],
    readonly inChannels: number,
    readonly outChannels: number,
    /** The filter holds a tap as [out, in]; else as [in, out]. */
    readonly isTransposed = false,
  ) {}

  /** Every field is the same. */
  equals(other: FilterLayout): boolean {
    return (
      this.kernel === other.kernel &&
      this.inChannels === other.inChannels &&
      this.outChannels === other.outChannels &&
      this.isTransposed === other.isTransposed &&
      areSameTaps(this.taps, other.taps)
    );
  }
}

function areSameTaps(a: FilterLayout['taps'], b: FilterLayout['taps']): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.length === b.length && a.every((tap, index) => tap === b[index]);
}

/** Numbers that tell biases apart: a filter is packed anew when its bias changes. */
const biasKeys = new WeakMap<Storage, number>();
let lastBiasKey = 0;

function keyOf(bias: Storage | null): number {
  if (!bias) return 0;
  let key = biasKeys.get(bias);
  if (key === undefined) {
    key = ++lastBiasKey;
    biasKeys.set(bias, key);
  }
  return key;
}

/**
 * A filter with its bias in the panels that a kernel reads; packed once and kept with the filter.
 * Both are in memory. Returns the address.
 */
export function packFilter(filter: Storage, layout: FilterLayout, bias: Storage | null): number {
  const bytes = (): number => packedBytes(layout, filter.runtime.kernels);
  return filter.packed(layout, keyOf(bias), bytes, (panels) => {
    pack(filter, layout, bias, panels);
  });
}

/** Output channels of a panel; undefined where each output channel is packed by itself. */
const PANEL_WIDTHS: Partial<Record<RowKernelName, number>> = {
  f32_igemm_6x8: 8,
  f32_igemm_6x16: 16,
  f32_igemm_1x32: 32,
};

const tapsOf = ({ taps }: FilterLayout): number => (typeof taps === 'number' ? taps : taps.length);

/** Bytes that a packed filter takes. */
export function packedBytes(layout: FilterLayout, kernels: PackKernels): number {
  const shape = [tapsOf(layout), layout.inChannels, layout.outChannels] as const;
  const width = PANEL_WIDTHS[layout.kernel];
  return width
    ? kernels.packed_igemm_bytes(width, ...shape)
    : kernels.packed_igemm_x1_bytes(...shape);
}

function pack(filter: Storage, layout: FilterLayout, bias: Storage | null, panels: number): void {
  const { runtime } = filter;
  const { arena, kernels } = runtime;
  const isInOrder = typeof layout.taps === 'number' && !layout.isTransposed;
  const values = isInOrder ? filter.pointer : reorder(filter.pointer, layout, runtime);
  packValues(values, layout, bias?.pointer ?? 0, kernels, panels);
  if (!isInOrder) arena.free(values);
}

/** Packs the values [taps, in, out] at an address, with the bias at another (0: none), to `panels`. */
export function packValues(
  values: number,
  layout: FilterLayout,
  bias: number,
  kernels: PackKernels,
  panels: number,
): void {
  const shape = [tapsOf(layout), layout.inChannels, layout.outChannels] as const;
  const width = PANEL_WIDTHS[layout.kernel];
  if (width) kernels.pack_igemm(width, values, bias, ...shape, panels);
  else kernels.pack_igemm_x1(values, bias, ...shape, panels);
}

/** The taps of a layout as [taps, in, out], in a block of the arena. */
function reorder(filter: number, layout: FilterLayout, { arena, heap }: Runtime): number {
  const { inChannels, outChannels, isTransposed } = layout;
  const taps =
    typeof layout.taps === 'number'
      ? Array.from({ length: layout.taps }, (_, tap) => tap)
      : layout.taps;
  const size = inChannels * outChannels;
  const [inStride, outStride] = isTransposed ? [1, inChannels] : [outChannels, 1];
  const pointer = arena.allocate(taps.length * size * 4);
  const { f32 } = heap;
  let at = pointer >>> 2;
  for (const tap of taps) {
    const from = (filter >>> 2) + tap * size;
    for (let i = 0; i < inChannels; i++) {
      for (let o = 0; o < outChannels; o++) f32[at++] = f32[from + i * inStride + o * outStride];
    }
  }
  return pointer;
}
