/**
 * The mapping explorer: which spatial unrolling and which schedule suits which layer, on which
 * accelerator, and what it costs. Needs neither a browser nor Node.
 */
export * from './hardware/accelerator.js';
export { readAccelerator } from './hardware/accelerator-file.js';
export { computeCores, type Connection, type Platform } from './hardware/platform.js';
export type { Microkernel, MicrokernelCore, Pipeline, Tile } from './hardware/microkernel.js';
export { readHardware, type OpenFile } from './hardware/platform-file.js';
export * from './workload/layer.js';
export { InputError, type Problem } from './problem.js';
export {
  FREE,
  readMapping,
  ruleFor,
  type MappingRule,
  type MappingUse,
  type OrderedLoop,
  type TemporalOrdering,
} from './mapping/mapping-file.js';
export {
  describeSpatialMapping,
  type DimensionUnrolling,
  type OperandLinks,
  type SpatialMapping,
} from './mapping/spatial.js';
export type { Cost } from './cost/cost-model.js';
export type { CostReport, Cycles, MemoryActivity } from './cost/report.js';
export { explain, type Difference } from './search/explain.js';
export { OBJECTIVES, score, type Objective } from './search/objective.js';
export {
  searchLayer,
  type Infeasible,
  type LayerMapping,
  type MicrokernelChoice,
  type SearchOptions,
  type SearchResult,
  type TemporalLevel,
} from './search/search.js';
export { mapOnMicrokernels, hasMicrokernels } from './microkernels/map-layer.js';
export {
  NoMicrokernels,
  unrollingTable,
  type TableEntry,
  type UnrollingTableDocument,
} from './microkernels/unrolling-table.js';
export { parseZigzagWorkload } from './workload/zigzag-workload.js';
export { parseOnnxWorkload } from './workload/onnx/onnx-workload.js';
export { parseTfjsNetwork, type TfjsOptions } from './workload/tfjs/tfjs-network.js';
export { networkOf, type Network, type Origin, type Use } from './workload/network.js';
export { activityOf, type Activity, type LayerActivity } from './dynamic/activity.js';
export { NO_DENSITIES, parseDensities, type Bitmap, type Densities } from './dynamic/densities.js';
export { mapNetwork, type MappedLayer, type MappingRun } from './dynamic/map-network.js';
export { searchTask, type SearchTask } from './dynamic/search-cache.js';
export { bitmapOf, recordedDensities } from './dynamic/recorded.js';
export { Mask } from './dynamic/mask.js';
export { jobsOf, MASK_ORDERS, type MaskOrder } from './timeline/jobs.js';
export type { Job, Need } from './timeline/job.js';
export {
  SCHEDULES,
  simulate,
  type Schedule,
  type Span,
  type Timeline,
  type Waiting,
} from './timeline/simulate.js';
