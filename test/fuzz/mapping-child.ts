/** Runs `dynconv map` and `dynconv simulate` on broken hardware, mappings, workloads and models. */
import { MASK_ORDERS, SCHEDULES } from '../../src/mapping/index.js';
import { mapDocument } from '../../cli/src/map/document.js';
import { readInputs } from '../../cli/src/map/inputs.js';
import { mapTable } from '../../cli/src/map/report.js';
import { simulateNetwork } from '../../cli/src/simulate/simulation.js';
import { mapInputs } from '../../cli/src/map/map-inputs.js';
import { Progress } from '../../cli/src/progress.js';
import { UserError } from '../../cli/src/user-error.js';
import { makeMappingCase, type MappingCase } from './mapping-cases.js';
import { runCases } from './run-cases.js';

/** Where a refusal says that the fault lies: a line, and in ONNX a byte or a node. */
const PLACE =
  /^The weights files? |^\S+: byte \d+|^\S+: node |^\S+:\d+: |^\S+: expected a model with /;
const JOB = {
  options: { objective: 'latency', lpfLimit: 3, mixed: false },
  threads: 1,
  progress: new Progress(true),
} as const;

await runCases<MappingCase>({
  make: makeMappingCase,
  async run(kase) {
    const inputs = read(kase);
    const mapped = await mapInputs(inputs, JOB);
    JSON.stringify(mapDocument(mapped));
    mapTable(mapped);
    if (mapped.some(({ infeasible }) => infeasible)) return 'accepted';
    for (const schedule of SCHEDULES) {
      for (const masks of MASK_ORDERS) {
        const { timeline } = await simulateNetwork(inputs, JOB, { schedule, masks });
        if (!Number.isFinite(timeline.latency)) throw new Error(`latency ${timeline.latency}`);
      }
    }
    return 'accepted';
  },
});

/** Reads the files; a refusal without a place is a fault, too. */
function read({ workload, ...flags }: MappingCase): ReturnType<typeof readInputs> {
  try {
    return readInputs(workload, flags, () => undefined);
  } catch (error) {
    if (error instanceof UserError && !PLACE.test(error.message)) {
      throw new Error(`refused without a place: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
