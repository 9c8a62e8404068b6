import { peCount, type Accelerator } from '../hardware/accelerator.js';
import { coresWithIds, type Platform } from '../hardware/platform.js';
import { ruleFor, type MappingRule } from '../mapping/mapping-file.js';
import {
  hasMicrokernels,
  mapOnMicrokernels,
  microkernelsFor,
  type MicrokernelAccelerator,
} from '../microkernels/map-layer.js';
import { compareCosts, score } from '../search/objective.js';
import type { Infeasible, LayerMapping, SearchOptions, SearchResult } from '../search/search.js';
import { macs, type Layer } from '../workload/layer.js';
import type { Network } from '../workload/network.js';
import { activeLayer, ONE_PIXEL } from './active-layer.js';
import type { Activity, LayerActivity } from './activity.js';
import {
  formingOverhead,
  NO_OVERHEAD,
  readingOverhead,
  sum,
  type Overhead,
} from './mask-overhead.js';
import { pixelListOf } from './pixel-list.js';
import { SearchCache, searchTask, type SearchTask } from './search-cache.js';

/** A layer's mapping on the core that runs it. */
export interface MappedLayer {
  readonly layer: Layer;
  /** Index into the platform's cores. */
  readonly core: number;
  /** Of the layer as it is executed; undefined if there is nothing to execute. */
  readonly mapping: LayerMapping | undefined;
  readonly runnersUp: readonly LayerMapping[];
  /** Masks and lists of positions, where it forms or reads any. */
  readonly overhead: Overhead;
  /** Cycles and energy, the overhead included. */
  readonly latency: number;
  readonly energy: number;
  /** Share of its pixels that are active. */
  readonly density: number;
  /** Multiply-accumulates of the active pixels: what else is computed beside them does not count. */
  readonly macs: number;
  /** Share of all PEs' cycles in which these multiply-accumulates are executed. */
  readonly utilization: number;
  /** Why no core has a mapping for the layer. */
  readonly infeasible?: Infeasible;
}

/** How `mapNetwork` goes about. */
export interface MappingRun {
  /** Carries out a search, maybe on another thread; by default `searchLayer`, here. */
  readonly search?: (task: SearchTask) => Promise<SearchResult>;
  /** Hears after each layer how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Indices of the layers to map; by default all. */
  readonly only?: readonly number[];
}

/**
 * Maps every layer of a network: on the core that its rule names, or on the best of all. Layers of the
 * same shape are searched once, and all searches are asked for at once.
 *
 * @param activity what each layer computes; an empty one computes everything
 */
export async function mapNetwork(
  network: Network,
  activity: Activity,
  platform: Platform,
  rules: readonly MappingRule[],
  options: SearchOptions,
  run: MappingRun = {},
): Promise<MappedLayer[]> {
  const search = run.search ?? ((task) => Promise.resolve(searchTask(task, platform, options)));
  const mapper = new NetworkMapper(network, activity, platform, rules, options, search);
  const indices = run.only ?? [...network.layers.keys()];
  let done = 0;
  return Promise.all(
    indices.map(async (index) => {
      const mapped = await mapper.map(index);
      run.onProgress?.(++done, indices.length);
      return mapped;
    }),
  );
}

class NetworkMapper {
  private readonly searches: SearchCache;

  constructor(
    private readonly network: Network,
    private readonly activity: Activity,
    private readonly platform: Platform,
    private readonly rules: readonly MappingRule[],
    private readonly options: SearchOptions,
    search: (task: SearchTask) => Promise<SearchResult>,
  ) {
    this.searches = new SearchCache(search);
  }

  async map(index: number): Promise<MappedLayer> {
    const layer = this.network.layers[index];
    const rule = ruleFor(layer, this.rules);
    const candidates = await Promise.all(
      this.coresOf(rule).map((core) => this.mapOn(index, core, rule)),
    );
    return candidates.reduce((best, other) => (this.isBetter(other, best) ? other : best));
  }

  private isBetter(a: MappedLayer, b: MappedLayer): boolean {
    if (a.infeasible || b.infeasible) return !a.infeasible && b.infeasible !== undefined;
    return score(a, this.options.objective) < score(b, this.options.objective);
  }

  private coresOf({ name, cores: ids }: MappingRule): number[] {
    const cores = coresWithIds(this.platform, ids);
    if (cores.length > 0) return cores;
    throw new RangeError(`the mapping ${name} allows no core that computes`);
  }

  private async mapOn(index: number, core: number, rule: MappingRule): Promise<MappedLayer> {
    const layer = this.network.layers[index];
    const density = this.activity[index]?.pixels.density ?? 1;
    const forming = this.formingOverhead(index, core);
    const wanted = macs(layer) * density;
    const none = { layer, core, density, overhead: forming, ...forming, macs: wanted };
    if (density === 0) return { ...none, mapping: undefined, runnersUp: [], utilization: 0 };
    const ways = await Promise.all(this.waysOf(index, core, rule));
    const { objective } = this.options;
    const [best] = ways
      .flatMap(({ mappings: [mapping, ...runnersUp], reading }) => {
        if (!mapping) return [];
        const overhead = sum(forming, reading);
        return [{ mapping, runnersUp, overhead, ...sum(mapping, overhead) }];
      })
      .sort((a, b) => compareCosts(a, b, objective));
    if (!best) {
      const { infeasible } = ways[0];
      const why = infeasible && { infeasible };
      return { ...none, mapping: undefined, runnersUp: [], utilization: 0, ...why };
    }
    const pes = peCount(this.platform.cores[core].array);
    return { ...none, ...best, utilization: wanted / pes / best.latency };
  }

  /** All pixels, and a list of the active ones where some are not. */
  private waysOf(index: number, core: number, rule: MappingRule): Promise<Way>[] {
    const layer = this.network.layers[index];
    const activity = this.activity[index];
    const accelerator = this.platform.cores[core];
    const dense = this.searchAll(layer, accelerator, core, rule);
    const ways = [dense.then((result) => ({ ...result, reading: NO_OVERHEAD }))];
    if (activity && activity.pixels.density < 1) {
      const reading = readingOverhead(accelerator, activity.pixels);
      const list = this.searchActive(layer, activity, accelerator, core, rule);
      ways.push(list.then((result) => ({ ...result, reading })));
    }
    return ways;
  }

  private async searchAll(
    layer: Layer,
    accelerator: Accelerator,
    core: number,
    rule: MappingRule,
  ): Promise<SearchResult> {
    if (isOnMicrokernels(accelerator, layer))
      return this.mapOnMicrokernels(layer, accelerator, true);
    return this.searches.search({ layer, core, rule });
  }

  private async searchActive(
    layer: Layer,
    activity: LayerActivity,
    accelerator: Accelerator,
    core: number,
    rule: MappingRule,
  ): Promise<SearchResult> {
    if (isOnMicrokernels(accelerator, layer)) {
      const { pixels, read } = activity;
      const active = activeLayer(layer, ONE_PIXEL, pixels.active, read.active);
      return this.mapOnMicrokernels(active, accelerator, false);
    }
    const list = pixelListOf(layer, activity, accelerator, rule, this.options);
    return this.searches.search({ layer, core, rule, list });
  }

  private mapOnMicrokernels(
    layer: Layer,
    accelerator: MicrokernelAccelerator,
    isDense: boolean,
  ): SearchResult {
    const { objective, runnersUp = 0 } = this.options;
    const mappings = mapOnMicrokernels(layer, accelerator, objective, isDense);
    return { mappings: mappings.slice(0, 1 + runnersUp), evaluated: mappings.length };
  }

  /** A decision layer forms its mask, unless all behind it compute every pixel. */
  private formingOverhead(index: number, core: number): Overhead {
    const lists = this.activity
      .flatMap((activity) => (activity?.decision === index ? [activity.pixels] : []))
      .filter(({ density }) => density < 1);
    const different = new Map(lists.map((list) => [`${list.rows} ${list.active}`, list]));
    return formingOverhead(this.platform.cores[core], [...different.values()]);
  }
}

/** What a search found of one way to execute a layer, and what reading its list costs. */
interface Way extends SearchResult {
  readonly reading: Overhead;
}

function isOnMicrokernels(
  accelerator: Accelerator,
  layer: Layer,
): accelerator is MicrokernelAccelerator {
  return hasMicrokernels(accelerator) && microkernelsFor(accelerator, layer).length > 0;
}
