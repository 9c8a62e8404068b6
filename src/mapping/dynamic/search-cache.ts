import type { Platform } from '../hardware/platform.js';
import type { MappingRule } from '../mapping/mapping-file.js';
import { searchLayer, type SearchOptions, type SearchResult } from '../search/search.js';
import type { Layer } from '../workload/layer.js';
import { searchList, type PixelList } from './pixel-list.js';

/** A search that a network needs: a layer, as it is executed, on a core. */
export interface SearchTask {
  readonly layer: Layer;
  /** Index into the platform's cores. */
  readonly core: number;
  readonly rule: MappingRule;
  /** The pixels to compute; all of them without it. */
  readonly list?: PixelList;
}

/** Carries out a search. */
export function searchTask(
  { layer, core, rule, list }: SearchTask,
  { cores }: Platform,
  options: SearchOptions,
): SearchResult {
  return list
    ? searchList(layer, list, cores[core], rule, options)
    : searchLayer(layer, cores[core], rule, options);
}

/** Carries out each search once: layers of the same shape have it in common. */
export class SearchCache {
  private readonly results = new Map<string, Promise<SearchResult>>();

  constructor(private readonly run: (task: SearchTask) => Promise<SearchResult>) {}

  search(task: SearchTask): Promise<SearchResult> {
    const key = keyOf(task);
    let result = this.results.get(key);
    if (!result) {
      result = this.run(task);
      this.results.set(key, result);
    }
    return result;
  }
}

/** All that a search reads: no names of layers and rules, nor where operands come from. */
function keyOf({ layer, core, rule, list }: SearchTask): string {
  const { loops, relations, output, inputs } = layer;
  const operands = inputs.map(({ name, dims, precision }) => [name, dims, precision]);
  const { spatialMapping, hints, links, ordering } = rule;
  const wanted = [spatialMapping, hints, links, ordering];
  return JSON.stringify([core, loops, relations, output, operands, wanted, list]);
}
