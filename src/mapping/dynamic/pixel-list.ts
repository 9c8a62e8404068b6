import { operandsOf } from '../cost/nest.js';
import type { Accelerator } from '../hardware/accelerator.js';
import type { MappingRule } from '../mapping/mapping-file.js';
import type { SpatialMapping } from '../mapping/spatial.js';
import { MappingSearch, type SearchOptions, type SearchResult } from '../search/search.js';
import { distinct, spatialCandidates, type SpatialOptions } from '../search/spatial-candidates.js';
import { macs, type Layer } from '../workload/layer.js';
import { activeLayer, ONE_PIXEL, tileOf } from './active-layer.js';
import type { LayerActivity } from './activity.js';

/** Lengths that are tried between a power of two and the next. */
const STEPS = 32;

/** A list of active pixels, as a search needs to know it. */
export interface PixelList {
  /** Pixels of the input that are read. */
  readonly read: number;
  /** Multiply-accumulates of the active pixels. */
  readonly macs: number;
  /** The spatial mappings to try, and how many tiles of each hold an active pixel. */
  readonly ways: readonly { readonly spatialMapping: SpatialMapping; readonly tiles: number }[];
}

/**
 * Makes a list of active pixels, at least one. Tried are the spatial mappings that suit the whole layer,
 * and those that suit a single pixel: these leave no neighbour idle.
 */
export function pixelListOf(
  layer: Layer,
  { pixels, read }: LayerActivity,
  accelerator: Accelerator,
  rule: MappingRule,
  options: SpatialOptions,
): PixelList {
  const onePixel = activeLayer(layer, ONE_PIXEL, 1, 1);
  const spatialMappings = [layer, onePixel].flatMap((from) =>
    spatialCandidates(accelerator, operandsOf(from, accelerator, rule.links), rule, options),
  );
  return {
    read: read.active,
    macs: (macs(layer) / pixels.bits.length) * pixels.active,
    ways: distinct(spatialMappings).map((spatialMapping) => {
      const { rows, columns } = tileOf(spatialMapping);
      return { spatialMapping, tiles: pixels.tiles(rows, columns) };
    }),
  };
}

/**
 * Finds the best mapping of a layer that works through a list of pixels. A list whose length has few
 * factors, as a prime number, fits buffers badly; so longer ones are tried, too, whose last entries are
 * idle.
 */
export function searchList(
  layer: Layer,
  { read, macs, ways }: PixelList,
  accelerator: Accelerator,
  rule: MappingRule,
  options: SearchOptions,
): SearchResult {
  const search = new MappingSearch(accelerator, rule, options);
  let open = ways.map(({ spatialMapping, tiles }) => ({
    spatialMapping,
    tile: tileOf(spatialMapping),
    lengths: paddedLengths(tiles),
  }));
  // The shortest of all spatial mappings first. Where one is too long to be worth it, longer ones are, too.
  while (open.length > 0) {
    open = open.filter(({ spatialMapping, tile, lengths }) => {
      const { value: tiles, done } = lengths.next();
      if (done) return false;
      const active = activeLayer(layer, tile, tiles, read);
      return search.visit({ layer: active, spatialMapping, macs });
    });
  }
  return search.result();
}

/**
 * Lengths of a list that hold its entries, up to twice as many: numbers of which there are 32 between a
 * power of two and the next. They are the same whatever the list's own length is, so that more entries
 * do not cost less than fewer. The first is longer by less than a 32nd.
 */
function* paddedLengths(entries: number): Generator<number, undefined> {
  for (let length = entries; length <= 2 * entries; length++) {
    const step = Math.max(1, 2 ** Math.ceil(Math.log2(length)) / 2 / STEPS);
    length = Math.ceil(length / step) * step;
    yield length;
  }
}
