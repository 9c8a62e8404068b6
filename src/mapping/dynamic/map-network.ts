import { computeCores, type Platform } from '../hardware/platform.js';
import { ruleFor, type MappingRule } from '../mapping/mapping-file.js';
import {
  hasMicrokernels,
  mapOnMicrokernels,
  microkernelsFor,
  type MicrokernelAccelerator,
} from '../microkernels/map-layer.js';
import { score } from '../search/objective.js';
import type { Infeasible, LayerMapping, SearchOptions, SearchResult } from '../search/search.js';
import { macs, type Layer } from '../workload/layer.js';
import type { Network } from '../workload/network.js';
import { activeLayer } from './active-layer.js';
import type { Activity, LayerActivity } from './activity.js';
import { formingOverhead, NO_OVERHEAD, readingOverhead, type Overhead } from './mask-overhead.js';
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
  /** Masks and lists of positions. */
  readonly overhead: Overhead;
  /** Cycles and energy, the overhead included. */
  readonly latency: number;
  readonly energy: number;
  /** Share of its pixels that are computed. */
  readonly density: number;
  /** Multiply-accumulates that are executed; idle PEs of a tile do not count. */
  readonly macs: number;
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

  private coresOf({ cores }: MappingRule): number[] {
    const all = computeCores(this.platform).map((core) => this.platform.cores.indexOf(core));
    const allowed = cores ? all.filter((core) => cores.includes(core)) : all;
    return allowed.length > 0 ? allowed : all;
  }

  private async mapOn(index: number, core: number, rule: MappingRule): Promise<MappedLayer> {
    const layer = this.network.layers[index];
    const activity = this.activity[index];
    const overhead = this.overheadOf(index, core, activity);
    const density = activity?.pixels.density ?? 1;
    if (density === 0) {
      const { latency, energy } = overhead;
      const nothing = { mapping: undefined, runnersUp: [], macs: 0 };
      return { layer, core, overhead, latency, energy, density, ...nothing };
    }
    const { mappings, infeasible } = await this.searchBoth(layer, activity, core, rule);
    const [mapping, ...runnersUp] = mappings;
    return {
      layer,
      core,
      mapping,
      runnersUp,
      overhead,
      latency: (mapping?.latency ?? 0) + overhead.latency,
      energy: (mapping?.energy ?? 0) + overhead.energy,
      density,
      macs: macs(layer) * density,
      ...(mapping === undefined && infeasible !== undefined && { infeasible }),
    };
  }

  /** Goes through a list of pixels, or computes all of them where that is cheaper. */
  private async searchBoth(
    layer: Layer,
    activity: LayerActivity | undefined,
    core: number,
    rule: MappingRule,
  ): Promise<SearchResult> {
    const accelerator = this.platform.cores[core];
    if (hasMicrokernels(accelerator) && microkernelsFor(accelerator, layer).length > 0) {
      return this.mapOnMicrokernels(layer, activity, accelerator);
    }
    if (!activity || activity.pixels.density === 1)
      return this.searches.search({ layer, core, rule });
    const [dense, list] = await Promise.all([
      this.searches.search({ layer, core, rule }),
      this.searchActive(layer, activity, core, rule),
    ]);
    const [a, b] = [dense.mappings[0], list.mappings[0]];
    if (a === undefined || b === undefined) return b === undefined ? dense : list;
    const { objective } = this.options;
    return score(a, objective) < score(b, objective) ? dense : list;
  }

  private mapOnMicrokernels(
    layer: Layer,
    activity: LayerActivity | undefined,
    accelerator: MicrokernelAccelerator,
  ): SearchResult {
    const { objective, runnersUp = 0 } = this.options;
    const isDense = !activity || activity.pixels.density === 1;
    const active = isDense
      ? layer
      : activeLayer(layer, { rows: 1, columns: 1 }, activity.pixels.active, activity.read.active);
    const mappings = mapOnMicrokernels(active, accelerator, objective, isDense);
    return { mappings: mappings.slice(0, 1 + runnersUp), evaluated: mappings.length };
  }

  private searchActive(
    layer: Layer,
    activity: LayerActivity,
    core: number,
    rule: MappingRule,
  ): Promise<SearchResult> {
    const list = pixelListOf(layer, activity, this.platform.cores[core], rule, this.options);
    return this.searches.search({ layer, core, rule, list });
  }

  private overheadOf(index: number, core: number, own: LayerActivity | undefined): Overhead {
    const accelerator = this.platform.cores[core];
    if (own) return readingOverhead(accelerator, own.pixels);
    const lists = this.activity
      .filter((activity) => activity?.decision === index)
      .flatMap((activity) => (activity ? [activity.pixels] : []));
    const different = new Map(lists.map((list) => [`${list.rows} ${list.active}`, list]));
    return lists.length > 0 ? formingOverhead(accelerator, [...different.values()]) : NO_OVERHEAD;
  }
}
