import { CostModel, type Cost } from '../cost/cost-model.js';
import { makeNest, operandsOf, type Nest } from '../cost/nest.js';
import { reportCost, type CostReport } from '../cost/report.js';
import type { Accelerator } from '../hardware/accelerator.js';
import { LoopOrder } from '../mapping/loop-order.js';
import type { MappingRule } from '../mapping/mapping-file.js';
import type { SpatialMapping } from '../mapping/spatial.js';
import { macs, type Layer, type Loop } from '../workload/layer.js';
import { Allocator, type Shortage } from './allocator.js';
import { Best } from './best.js';
import { visitOrders } from './loop-orders.js';
import { LowerBound } from './lower-bound.js';
import { type Objective } from './objective.js';
import { spatialCandidates } from './spatial-candidates.js';
import { splitTemporalLoops } from './temporal-loops.js';

/** How a search goes about. */
export interface SearchOptions {
  readonly objective: Objective;
  /** The most loops that temporal loops are split into (LOMA's limit on loop prime factors); 6. */
  readonly lpfLimit?: number;
  /** The most spatial mappings to try, where the mapping file leaves a choice; 8. */
  readonly spatialMappings?: number;
  /** Whether generated spatial mappings may unroll several loops over one dimension; false. */
  readonly mixed?: boolean;
  /** How many mappings to keep besides the best; 0. */
  readonly runnersUp?: number;
  /** Whether to evaluate every order, even those that cannot be the best; false. */
  readonly exhaustive?: boolean;
  /** Hears after each spatial mapping how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The loops that an operand keeps in a memory. */
export interface TemporalLevel {
  readonly memory: string;
  /** The innermost first. */
  readonly loops: readonly Loop[];
}

/** How a microkernel goes through a layer. */
export interface MicrokernelChoice {
  /** As unrolling tables name it. */
  readonly name: string;
  /** Rows of a block, within which panels of output channels are the outer loop. */
  readonly rowBlock: number;
  /** Whether a filter's columns are folded into its input channels, which takes a padded copy. */
  readonly foldWidth: boolean;
}

/** A layer's mapping and what it costs. */
export interface LayerMapping extends CostReport {
  readonly spatialMapping: SpatialMapping;
  /** Of each operand, the memory next to the PEs first. */
  readonly temporalMapping: Readonly<Record<string, readonly TemporalLevel[]>>;
  /** On a processor's core: the routine that computes the layer. */
  readonly microkernel?: MicrokernelChoice;
}

/** Why a layer has no mapping on an accelerator. */
export interface Infeasible {
  readonly memory: string;
  /** Bits that it would have to hold, and that it has. */
  readonly needed: number;
  readonly available: number;
}

/** What a search found. */
export interface SearchResult {
  /** The best mapping, then the runners-up. Empty if none fits. */
  readonly mappings: readonly LayerMapping[];
  /** If none fits: the memory that lacks the least. */
  readonly infeasible?: Infeasible;
  /** Mappings that were evaluated. */
  readonly evaluated: number;
}

/** What the search keeps of a mapping until it is over. */
interface Candidate extends Cost {
  readonly nest: Nest;
  readonly order: readonly Loop[];
}

/**
 * Finds the best mapping of a layer on an accelerator: each spatial mapping times each order of the
 * temporal loops, cut at the memories.
 */
export function searchLayer(
  layer: Layer,
  accelerator: Accelerator,
  rule: MappingRule,
  options: SearchOptions,
): SearchResult {
  const candidates = spatialCandidates(
    accelerator,
    operandsOf(layer, accelerator, rule.links),
    rule,
    options,
  );
  const search = new MappingSearch(accelerator, rule, options);
  for (const [index, spatialMapping] of candidates.entries()) {
    search.visit({ layer, spatialMapping, macs: macs(layer) });
    options.onProgress?.(index + 1, candidates.length);
  }
  return search.result();
}

/** A layer as an array could execute it. */
export interface Execution {
  readonly layer: Layer;
  readonly spatialMapping: SpatialMapping;
  /** Multiply-accumulates whose results are wanted. */
  readonly macs: number;
}

/** Finds the best mapping of several executions of a layer. */
export class MappingSearch {
  private readonly best: Best<Candidate>;
  private evaluated = 0;
  private shortage: Shortage | undefined;

  constructor(
    private readonly accelerator: Accelerator,
    private readonly rule: MappingRule,
    private readonly options: SearchOptions,
  ) {
    this.best = new Best(options.objective, 1 + (options.runnersUp ?? 0));
  }

  /**
   * Searches an execution's loop orders.
   *
   * @returns whether they were worth it: false where none can be better than what was found before, and
   * where none fits and none did before. Executions that do more are not worth it either then.
   */
  visit({ layer, spatialMapping, macs }: Execution): boolean {
    const { accelerator, best, rule, options } = this;
    const nest = makeNest(layer, accelerator, rule.links, spatialMapping, macs);
    const model = new CostModel(nest);
    const allocator = new Allocator(nest);
    const order = new LoopOrder();
    const { loops, ordering } = splitTemporalLoops(nest, rule.ordering, options.lpfLimit ?? 6);
    const bound = new LowerBound(model, loops);
    const isPromising = (): boolean => best.couldWant(bound.of(order));
    if (!options.exhaustive && !isPromising()) return false;
    visitOrders(order, loops, (dim) => indexOf(layer, dim), ordering, {
      visit: () => {
        if (!allocator.allocate(order)) {
          this.shortage = lesser(this.shortage, allocator.shortage);
          return;
        }
        this.evaluated++;
        const cost = model.evaluate(order, allocator.ends);
        if (best.wants(cost)) best.add({ ...cost, nest, order: loopsOf(layer, order) });
      },
      ...(!options.exhaustive && { isPromising }),
    });
    return best.items.length > 0;
  }

  result(): SearchResult {
    const { shortage, evaluated } = this;
    const { items } = this.best;
    return {
      mappings: items.map(describe),
      ...(items.length === 0 && shortage && { infeasible: toInfeasible(shortage) }),
      evaluated,
    };
  }
}

function indexOf(layer: Layer, dim: string): number {
  return layer.loops.findIndex((loop) => loop.dim === dim);
}

function loopsOf(layer: Layer, { loop, size, length }: LoopOrder): Loop[] {
  return Array.from({ length }, (_, i) => ({ dim: layer.loops[loop[i]].dim, size: size[i] }));
}

/** Evaluates a mapping again and writes down all about it. */
function describe({ nest, order: loops }: Candidate): LayerMapping {
  const order = new LoopOrder();
  for (const { dim, size } of loops) order.push(indexOf(nest.layer, dim), size);
  const allocator = new Allocator(nest);
  allocator.allocate(order);
  const model = new CostModel(nest);
  const report = reportCost(model, model.evaluate(order, allocator.ends));
  const temporalMapping = Object.fromEntries(
    nest.operands.map(({ operand: { name, levels } }, index) => [
      name,
      levels.map((memory, level) => ({
        memory: memory.name,
        loops: loops.slice(
          level === 0 ? 0 : allocator.ends[index][level - 1],
          allocator.ends[index][level],
        ),
      })),
    ]),
  );
  return { ...report, spatialMapping: nest.spatialMapping, temporalMapping };
}

/** The shortage that is nearer to fitting. */
function lesser(a: Shortage | undefined, b: Shortage | undefined): Shortage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.needed / b.memory.size < a.needed / a.memory.size ? b : a;
}

function toInfeasible({ memory, needed }: Shortage): Infeasible {
  return { memory: memory.name, needed, available: memory.size };
}
