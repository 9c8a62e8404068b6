import table from '../../tables/cpu.json' with { type: 'json' };
import { parseTable } from './table.js';
import type { Entry, LayerClass } from './table.js';

const entries = parseTable('tables/cpu.json', table);

/** What a layer with that many output channels runs on, by the unrolling table. */
export function route(layer: LayerClass, outChannels: number): Entry {
  for (const entry of entries) {
    const [fewest, most] = entry.outChannels;
    if (entry.layer === layer && outChannels >= fewest && outChannels <= most) return entry;
  }
  throw new Error(`the unrolling table has no entry for ${layer} to ${outChannels} channels`);
}
