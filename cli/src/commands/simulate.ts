import { Command, Option } from 'commander';
import {
  MASK_ORDERS,
  SCHEDULES,
  type MaskOrder,
  type Schedule,
} from 'tfjs-backend-dynconv/mapping';
import { mapDocument } from '../map/document.js';
import { readInputs } from '../map/inputs.js';
import { addMappingOptions, mappingJob, type MappingFlags } from '../map/options.js';
import { whole } from '../map/report.js';
import { checkOutputs, writeOutput, type Output } from '../output-files.js';
import { gantt } from '../simulate/gantt.js';
import { simulateNetwork, type Simulation } from '../simulate/simulation.js';
import { chromeTrace } from '../simulate/trace.js';
import { formatTable, percent } from '../table.js';

const NOTES = `
Rows flow from core to core as they are done; a mask's decision comes before its block. With
--densities the network is also simulated without masks, for the gain of skipping.

Exit codes: 0; 1 if the output cannot be written; 2 for a wrong option or file, and where
a layer does not fit.`;

interface SimulateFlags extends MappingFlags {
  schedule: Schedule;
  masks: MaskOrder;
  gantt?: string;
  trace?: string;
}

/** `dynconv simulate`: when each core works on what. */
export function simulateCommand(): Command {
  const command = new Command('simulate').description(
    'Simulates the cores of a chip as they run a network, row by row.',
  );
  return addMappingOptions(command)
    .addOption(
      new Option('--schedule <order>', 'in which order a core takes rows that are ready')
        .choices(SCHEDULES)
        .default('layer-by-layer'),
    )
    .addOption(
      new Option('--masks <order>', 'how much of a mask is there before its block begins')
        .choices(MASK_ORDERS)
        .default('whole'),
    )
    .option('--gantt <file.svg>', 'write a Gantt chart')
    .option('--trace <file.json>', "write the timeline in Chrome's trace format")
    .addHelpText('after', NOTES)
    .action(async (workload: string, flags: SimulateFlags) => {
      const inputs = readInputs(workload, flags);
      const outputs: Output[] = [
        ['--gantt', flags.gantt],
        ['--trace', flags.trace],
      ];
      checkOutputs(outputs, inputs.files);
      const job = mappingJob(flags);
      const run = (activity: typeof inputs.activity): Promise<Simulation> =>
        simulateNetwork({ ...inputs, activity }, job, flags);
      const simulation = await run(inputs.activity);
      const dense = inputs.activity.length > 0 ? await run([]) : undefined;
      const cores = inputs.platform.cores.map(({ name }) => name);
      const { timeline, jobs } = simulation;
      if (flags.gantt !== undefined) writeOutput(flags.gantt, gantt(timeline, jobs, cores));
      if (flags.trace !== undefined) writeOutput(flags.trace, chromeTrace(timeline, jobs, cores));
      const text = flags.json
        ? JSON.stringify(document(simulation, dense, cores), null, 2)
        : report(simulation, dense, cores);
      process.stdout.write(`${text}\n`);
    });
}

/** The document of `--json`: that of `map`, with the timeline's latency and energy. */
function document(simulation: Simulation, dense: Simulation | undefined, cores: string[]) {
  const { mapped, timeline, energy } = simulation;
  return {
    ...mapDocument(mapped),
    latency: timeline.latency,
    energy,
    peakFeatureBits: timeline.peakBits,
    peakFeatureBitsInBlocks: timeline.peakBitsInBlocks,
    transferBits: timeline.transfer.bits,
    cores: cores.map((name, core) => ({
      name,
      busy: timeline.busy[core],
      waiting: timeline.waiting[core],
    })),
    spans: timeline.spans.map((span) => ({ ...span, layer: mapped[span.job].layer.name })),
    ...(dense && {
      withoutMasks: { latency: dense.timeline.latency, energy: dense.energy },
      gain: gainOver(dense, simulation),
    }),
  };
}

/** How many times faster it is with masks; null where these leave nothing to compute. */
function gainOver(dense: Simulation, { timeline }: Simulation): number | null {
  return timeline.latency === 0 ? null : dense.timeline.latency / timeline.latency;
}

function report(simulation: Simulation, dense: Simulation | undefined, cores: string[]): string {
  const { timeline, energy } = simulation;
  const { latency, busy, peakBits } = timeline;
  const table = formatTable(
    ['core', 'busy', 'share'],
    cores.map((name, core) => [name, whole(busy[core]), percent(busy[core], latency)]),
  );
  const lines = [
    `latency  ${whole(latency)} cycles`,
    `energy   ${energy.toPrecision(5)}`,
    `features ${whole(peakBits / 8192)} KiB at most`,
  ];
  if (dense) {
    const gain = gainOver(dense, simulation);
    const gained =
      gain === null ? 'with them nothing is computed' : `a gain of ${gain.toFixed(2)}x`;
    lines.push(`without masks ${whole(dense.timeline.latency)} cycles: ${gained}`);
  }
  return `${table}\n\n${lines.join('\n')}`;
}
