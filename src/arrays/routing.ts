import narrow from '../../tables/cpu-128.json' with { type: 'json' };
import wide from '../../tables/cpu-256.json' with { type: 'json' };
import { MATCHED } from './table.js';
import type { Entry, KernelEntry, LayerShape, UnrollingTable } from './table.js';
import type { VectorBits } from '../memory/vector-width.js';
import { parseTable } from './table-parser.js';

/** The tables that ship, by the width of the machine's vectors. */
const SHIPPED: Record<VectorBits, unknown> = { 128: narrow, 256: wide };

let vectorBits: VectorBits = 128;
let chosen: UnrollingTable | null = null;
/** The entries in force: of those with a name, then of those without, the first that matches. */
let entries: Entry[];
/** The same, by the class of layer that they are for. */
const byLayer = new Map<LayerShape['layer'], Entry[]>();
bringIntoForce();

/** Makes the shipped table for vectors of `bits` the one in force, beneath a chosen one. */
export function useVectors(bits: VectorBits): void {
  vectorBits = bits;
  bringIntoForce();
}

/**
 * Maps layers by `table` from now on; what it has no entry for stays with the table that ships.
 * @param table as parsed from JSON (docs/unrolling-tables.md tells the format); null for none
 * @throws TableError that names the entry and the field that is wrong, and says what is expected
 */
export function setUnrollingTable(table: unknown): void {
  chosen = table === null ? null : parseTable('the unrolling table', table);
  bringIntoForce();
}

/** The table in force; `entries` are those of the chosen and of the shipped one, in order. */
export function unrollingTable(): UnrollingTable {
  const { hardware, vectorBits: bits } = chosen ?? shipped();
  return { hardware, vectorBits: bits, entries };
}

function shipped(): UnrollingTable {
  return parseTable(`tables/cpu-${vectorBits}.json`, SHIPPED[vectorBits]);
}

function bringIntoForce(): void {
  const all = [...(chosen?.entries ?? []), ...shipped().entries];
  const isNamed = ({ match }: Entry): boolean => match.name !== undefined;
  entries = [...all.filter(isNamed), ...all.filter((entry) => !isNamed(entry))];
  byLayer.clear();
}

/** How a layer of a class that has microkernels is mapped, by the unrolling table in force. */
export function route(shape: LayerShape): KernelEntry {
  return find(shape) as KernelEntry;
}

/** How an elementwise layer is mapped, by the unrolling table in force. */
export function routeElementwise(channels: number, pixels: number, share: number): Entry {
  const [inChannels, outChannels] = [channels, channels];
  return find({ layer: 'elementwise', taps: 1, inChannels, outChannels, pixels, share });
}

function find(shape: LayerShape): Entry {
  // One is looked for with every layer of every prediction: not among all classes'.
  let candidates = byLayer.get(shape.layer);
  if (!candidates) {
    candidates = entries.filter(({ match }) => match.layer === shape.layer);
    byLayer.set(shape.layer, candidates);
  }
  for (const entry of candidates) if (matches(entry, shape)) return entry;
  throw new Error(`the unrolling table has no entry for ${JSON.stringify(shape)}`);
}

function matches({ match }: Entry, shape: LayerShape): boolean {
  if (match.name !== undefined && match.name !== shape.name) return false;
  for (const field of MATCHED) {
    const range = match[field];
    if (range && (shape[field] < range[0] || shape[field] > range[1])) return false;
  }
  return true;
}
