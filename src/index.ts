import './flags.js';
import { register } from './register.js';

export { capture } from './capture.js';
export type { Captured, CapturedOutput } from './capture.js';
export { CaptureError } from './recording.js';
export { BackendRemovedError, LaneError } from './arrays/lane-error.js';
export { OutOfMemoryError } from './memory/heap.js';
export { setWasmPaths } from './memory/location.js';
export type { WasmFile } from './memory/location.js';
export { setUnrollingTable } from './arrays/routing.js';
export { TableError } from './arrays/table-parser.js';
export { profile } from './profile.js';
export type { LayerProfile, Profile, ProfileOptions } from './profile.js';
export { chromeTrace } from './timeline/trace.js';
export type { ChromeTrace, TraceEvent } from './timeline/trace.js';
export type { Timeline, TimelineEvent, TimelineLane } from './timeline/timeline.js';
export { utilizationOf } from './timeline/utilization.js';
export type {
  ArrayUtilization,
  LaneUtilization,
  LayerUtilization,
  Share,
  Utilization,
} from './timeline/utilization.js';
export { version } from './version.js';
export { nameLayers } from './weight-names.js';
export type { WeightedModel } from './weight-names.js';

register();
