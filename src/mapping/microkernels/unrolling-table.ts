import type { MappedLayer } from '../dynamic/map-network.js';
import { loopSize, type Layer } from '../workload/layer.js';
import type { Platform } from '../hardware/platform.js';
import { memoriesOf } from '../hardware/accelerator.js';
import type { MicrokernelChoice } from '../search/search.js';
import { hasMicrokernels } from './map-layer.js';

/** The range of a number, both ends included; null for no limit. */
type Range = readonly [least: number | null, most: number | null];

/** An entry of an unrolling table, as the backend reads it (docs/unrolling-tables.md). */
export interface TableEntry {
  readonly match: Readonly<Record<string, string | Range>>;
  readonly array: 0 | 1;
  readonly kernel: string;
  readonly temporal: { readonly rowBlock: number; readonly foldWidth: boolean };
}

/** An unrolling table, as the backend reads it from JSON. */
export interface UnrollingTableDocument {
  readonly hardware: string;
  readonly vectorBits: number;
  readonly temporal: Readonly<Record<string, number | boolean>>;
  readonly entries: readonly TableEntry[];
}

/** Why no table can be written of a platform. */
export class NoMicrokernels extends Error {
  override name = 'NoMicrokernels';
}

/** A strip of fused layers may fill this share of a core's second cache. */
const STRIP_SHARE = 1 / 4;
/** Strips read all weights, and lanes wait for one another: fewer rows are not worth it. */
const STRIP_ROWS = 48;
const BAND_ROWS = 8;
const BYTE = 8;

/**
 * Writes the mappings of a network's convolutions as an unrolling table: an entry for each shape of
 * layer, which the backend finds again by taps, channels and pixels, and by the share of wanted pixels
 * where that makes a difference.
 *
 * @param mapped on a platform whose cores have microkernels
 * @throws NoMicrokernels if a core has none
 */
export function unrollingTable(
  mapped: readonly MappedLayer[],
  platform: Platform,
): UnrollingTableDocument {
  const [first] = platform.cores;
  if (platform.cores.length > 2 || !platform.cores.every(hasMicrokernels)) {
    throw new NoMicrokernels(
      `${platform.name} has no microkernels: an unrolling table needs hardware of one or two cores with ` +
        'a pipeline and microkernels, as hardware/cpu-wasm-simd.yaml has',
    );
  }
  const second = memoriesOf(first, 'I1')[1] ?? memoriesOf(first, 'I1')[0];
  return {
    hardware: platform.name,
    vectorBits: 32 * first.array.dimensions[0].size,
    temporal: {
      rowBlock: 64,
      stripBytes: Math.floor((second.size * STRIP_SHARE) / BYTE),
      stripRows: STRIP_ROWS,
      bandRows: BAND_ROWS,
      foldWidth: false,
    },
    entries: shapesOf(mapped).flatMap(entriesOf),
  };
}

/** A layer as entries see it, and its mapping. */
interface Mapped {
  readonly match: TableEntry['match'];
  readonly share: number;
  readonly array: 0 | 1;
  readonly choice: MicrokernelChoice;
}

/** Layers of one shape, the sparsest first. */
function shapesOf(mapped: readonly MappedLayer[]): Mapped[][] {
  const shapes = new Map<string, Mapped[]>();
  for (const { layer, mapping, core, density } of mapped) {
    const match = matchOf(layer);
    if (!match || !mapping?.microkernel) continue;
    const array = core === 0 ? 0 : 1;
    const key = JSON.stringify(match);
    const own = { match, share: density, array, choice: mapping.microkernel } as const;
    shapes.set(key, [...(shapes.get(key) ?? []), own]);
  }
  return [...shapes.values()].map((layers) => layers.sort((a, b) => a.share - b.share));
}

/** One entry where all layers of the shape are mapped alike, else one for each run of shares. */
function entriesOf(layers: readonly Mapped[]): TableEntry[] {
  const isSame = (a: Mapped, b: Mapped): boolean =>
    JSON.stringify([a.choice, a.array]) === JSON.stringify([b.choice, b.array]);
  const starts = layers.filter((layer, i) => i === 0 || !isSame(layer, layers[i - 1]));
  return starts.map((layer, i) => {
    const before = layers[layers.indexOf(layer) - 1];
    const next = starts[i + 1];
    const last = next && layers[layers.indexOf(next) - 1];
    const from = before ? (before.share + layer.share) / 2 : null;
    const to = next && last ? (last.share + next.share) / 2 : null;
    const { name, rowBlock, foldWidth } = layer.choice;
    return {
      match: { ...layer.match, ...(starts.length > 1 && { share: [from, to] as const }) },
      array: layer.array,
      kernel: name,
      temporal: { rowBlock, foldWidth },
    };
  });
}

/** What the backend knows a layer by; undefined for operators that it does not choose for. */
function matchOf(layer: Layer): TableEntry['match'] | undefined {
  const size = (dim: string): number => loopSize(layer, dim);
  const taps = size('FY') * size('FX');
  const [groups, filters] = [size('G'), size('K')];
  const exactly = (value: number): Range => [value, value];
  const pixels = exactly(size('B') * size('OY') * size('OX'));
  const shape = (name: string, from: number, to: number): TableEntry['match'] => ({
    ...{ layer: name, taps: exactly(taps), inChannels: exactly(from), outChannels: exactly(to) },
    pixels,
  });
  switch (layer.type) {
    case 'Conv':
    case 'Decision': {
      const name = filters === 1 ? 'decision' : taps === 1 ? '1x1' : 'kxk';
      return groups === 1 ? shape(name, size('C'), filters) : undefined;
    }
    case 'DepthwiseConv':
      return filters === 1 ? shape('depthwise', groups, groups) : undefined;
    default:
      return undefined;
  }
}
