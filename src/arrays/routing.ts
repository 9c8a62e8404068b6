import table from '../../tables/cpu.json' with { type: 'json' };
import type { RowKernelName } from './kernels.js';
import { parseTable } from './table.js';
import type { Entry, LayerClass } from './table.js';

const entries = parseTable('tables/cpu.json', table);
const known = new Map<string, Entry>();

/** What a layer of the given channels runs on, by the unrolling table. */
export function route(
  layer: LayerClass,
  { inChannels, outChannels }: { inChannels: number; outChannels: number },
): Entry & { kernel: RowKernelName } {
  const key = `${layer} ${String(inChannels)} ${String(outChannels)}`;
  let entry = known.get(key);
  if (!entry) {
    entry = entries.find(
      (candidate) =>
        candidate.layer === layer &&
        outChannels >= candidate.outChannels[0] &&
        outChannels <= candidate.outChannels[1],
    );
    if (!entry) throw new Error(`the unrolling table has no entry for ${key}`);
    known.set(key, entry);
  }
  return entry;
}
