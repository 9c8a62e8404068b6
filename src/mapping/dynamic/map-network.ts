import { computeCores, type Platform } from '../hardware/platform.js';
import { ruleFor, type MappingRule } from '../mapping/mapping-file.js';
import { totalUnrolling } from '../mapping/spatial.js';
import {
  hasMicrokernels,
  mapOnMicrokernels,
  microkernelsFor,
  type MicrokernelAccelerator,
} from '../microkernels/map-layer.js';
import { score } from '../search/objective.js';
import {
  searchLayer,
  type Infeasible,
  type LayerMapping,
  type SearchOptions,
  type SearchResult,
} from '../search/search.js';
import { macs, type Layer } from '../workload/layer.js';
import type { Network } from '../workload/network.js';
import { activeLayer } from './active-layer.js';
import type { Activity, LayerActivity } from './activity.js';
import { formingOverhead, NO_OVERHEAD, readingOverhead, type Overhead } from './mask-overhead.js';

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

/** A step of a search over a network. */
export type Progress = (done: number, total: number, layer: Layer) => void;

/**
 * Maps every layer of a network: on the core that its rule names, or on the best of all. Layers of the
 * same shape are searched once.
 *
 * @param activity what each layer computes; an empty one computes everything
 */
export function mapNetwork(
  network: Network,
  activity: Activity,
  platform: Platform,
  rules: readonly MappingRule[],
  options: SearchOptions,
  progress: Progress = () => undefined,
): MappedLayer[] {
  const mapper = new NetworkMapper(network, activity, platform, rules, options);
  return network.layers.map((layer, index) => {
    progress(index, network.layers.length, layer);
    return mapper.map(index);
  });
}

class NetworkMapper {
  private readonly searches = new Map<string, SearchResult>();

  constructor(
    private readonly network: Network,
    private readonly activity: Activity,
    private readonly platform: Platform,
    private readonly rules: readonly MappingRule[],
    private readonly options: SearchOptions,
  ) {}

  map(index: number): MappedLayer {
    const layer = this.network.layers[index];
    const rule = ruleFor(layer, this.rules);
    const candidates = this.coresOf(rule).map((core) => this.mapOn(index, core, rule));
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

  private mapOn(index: number, core: number, rule: MappingRule): MappedLayer {
    const layer = this.network.layers[index];
    const activity = this.activity[index];
    const overhead = this.overheadOf(index, core, activity);
    const density = activity?.pixels.density ?? 1;
    if (density === 0) {
      const { latency, energy } = overhead;
      const nothing = { mapping: undefined, runnersUp: [], macs: 0 };
      return { layer, core, overhead, latency, energy, density, ...nothing };
    }
    const { mappings, infeasible } = this.searchBoth(layer, activity, core, rule);
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
  private searchBoth(
    layer: Layer,
    activity: LayerActivity | undefined,
    core: number,
    rule: MappingRule,
  ): SearchResult {
    const accelerator = this.platform.cores[core];
    if (hasMicrokernels(accelerator) && microkernelsFor(accelerator, layer).length > 0) {
      return this.mapOnMicrokernels(layer, activity, accelerator);
    }
    const dense = this.search(layer, core, rule);
    if (!activity || activity.pixels.density === 1) return dense;
    const list = this.searchActive(layer, activity, core, rule);
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
    const active = isDense ? layer : activeLayer(layer, activity.pixels, activity.read, []);
    const mappings = mapOnMicrokernels(active, accelerator, objective, isDense);
    return { mappings: mappings.slice(0, 1 + runnersUp), evaluated: mappings.length };
  }

  /** The spatial mapping decides which tiles of pixels are computed, so it is found first. */
  private searchActive(
    layer: Layer,
    { pixels, read }: LayerActivity,
    core: number,
    rule: MappingRule,
  ): SearchResult {
    const list = this.search(activeLayer(layer, pixels, read, []), core, rule);
    const spatialMapping = list.mappings[0]?.spatialMapping ?? [];
    const unrolled = totalUnrolling(spatialMapping, 'OY') * totalUnrolling(spatialMapping, 'OX');
    if (unrolled === 1) return list;
    const tiled = activeLayer(layer, pixels, read, spatialMapping);
    return this.search(tiled, core, { ...rule, spatialMapping });
  }

  private search(layer: Layer, core: number, rule: MappingRule): SearchResult {
    const { loops, relations, output, inputs } = layer;
    const operands = [output, ...inputs].map(({ dims, precision }) => [dims, precision]);
    const unrolling = [rule.spatialMapping, rule.hints, rule.links, rule.ordering];
    const key = JSON.stringify([core, loops, relations, operands, unrolling]);
    let result = this.searches.get(key);
    if (!result) {
      result = searchLayer(layer, this.platform.cores[core], rule, this.options);
      this.searches.set(key, result);
    }
    return result;
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
