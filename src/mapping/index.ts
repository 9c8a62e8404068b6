/**
 * The mapping explorer: which spatial unrolling and which schedule suits which layer, on which
 * accelerator, and what it costs. Needs neither a browser nor Node.
 */
export * from './hardware/accelerator.js';
export { readAccelerator } from './hardware/accelerator_file.js';
export { computeCores, type Connection, type Platform } from './hardware/platform.js';
export { readHardware, type OpenFile } from './hardware/platform_file.js';
export * from './workload/layer.js';
export { InputError, type Problem } from './problem.js';
export {
  FREE,
  readMapping,
  ruleFor,
  type MappingRule,
  type OrderedLoop,
  type TemporalOrdering,
} from './mapping/mapping_file.js';
export {
  describeSpatialMapping,
  type DimensionUnrolling,
  type OperandLinks,
  type SpatialMapping,
} from './mapping/spatial.js';
export type { Cost } from './cost/cost_model.js';
export type { CostReport, Cycles, MemoryActivity } from './cost/report.js';
export { OBJECTIVES, score, type Objective } from './search/objective.js';
export {
  searchLayer,
  type Infeasible,
  type LayerMapping,
  type SearchOptions,
  type SearchResult,
  type TemporalLevel,
} from './search/search.js';
