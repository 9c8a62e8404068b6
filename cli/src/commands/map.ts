import { Command } from 'commander';
import {
  NoMicrokernels,
  unrollingTable,
  type MappedLayer,
  type Platform,
} from 'tfjs-backend-dynconv/mapping';
import { EXIT } from '../exit-codes.js';
import { mapDocument } from '../map/document.js';
import { readInputs, type Inputs } from '../map/inputs.js';
import { mapInputs, type MappingJob } from '../map/map-inputs.js';
import { addMappingOptions, mappingJob, type MappingFlags } from '../map/options.js';
import { mapTable } from '../map/report.js';
import { formatTableFile } from '../map/table-file.js';
import { layerNamed, RUNNERS_UP, whyDocument, whyTable } from '../map/why.js';
import { checkOutputs, writeOutput } from '../output-files.js';
import { UserError } from '../user-error.js';

const NOTES = `
Latency is in cycles, energy in the hardware file's unit; both count loading and off-loading,
as ZigZag reports them. Several cores: each layer runs where its mapping's core_allocation
says, or where it is best.

Exit codes: 0; 1 if the output cannot be written; 2 for a wrong option or file, and where
a layer does not fit.`;

interface MapFlags extends MappingFlags {
  why?: string;
  table?: string;
}

/** `dynconv map`: the best mapping of each layer of a network on an accelerator. */
export function mapCommand(): Command {
  const command = new Command('map').description(
    'Finds the best mapping of each layer of a network on an accelerator, and what it costs.',
  );
  return addMappingOptions(command)
    .option('--why <layer>', 'show the winner of one layer beside the runners-up')
    .option(
      '--table <file>',
      'write an unrolling table for the backend; needs hardware with microkernels',
    )
    .addHelpText('after', NOTES)
    .action(async (workload: string, flags: MapFlags) => {
      process.stdout.write(`${await mapWorkload(workload, flags)}\n`);
    });
}

/** @returns what is printed */
async function mapWorkload(workload: string, flags: MapFlags): Promise<string> {
  const inputs = readInputs(workload, flags);
  checkOutputs([['--table', flags.table]], inputs.files);
  const job = mappingJob(flags);
  const why = flags.why === undefined ? undefined : layerNamed(inputs.network, flags.why);
  // The one layer that is asked for is all that the table of --why needs.
  const isWhyAlone = why !== undefined && !flags.json && flags.table === undefined;
  const mapped = isWhyAlone ? [] : await mapInputs(inputs, job);
  if (flags.table !== undefined) writeTable(flags.table, mapped, inputs.platform);
  const explained = why === undefined ? undefined : await mapForWhy(inputs, job, why);
  if ([...mapped, explained].some((layer) => layer?.infeasible)) process.exitCode = EXIT.usage;
  if (flags.json) {
    const document = { ...mapDocument(mapped), ...(explained && { why: whyDocument(explained) }) };
    return JSON.stringify(document, null, 2);
  }
  return explained ? whyTable(explained) : mapTable(mapped);
}

/** Maps one layer once more, and keeps the runners-up. */
async function mapForWhy(inputs: Inputs, job: MappingJob, index: number): Promise<MappedLayer> {
  const options = { ...job.options, runnersUp: RUNNERS_UP };
  const [mapped] = await mapInputs(inputs, { ...job, options, threads: 1, only: [index] });
  return mapped;
}

/** Writes the mappings in the format that `setUnrollingTable` takes. */
function writeTable(file: string, mapped: readonly MappedLayer[], platform: Platform): void {
  try {
    writeOutput(file, formatTableFile(unrollingTable(mapped, platform)));
  } catch (error) {
    if (error instanceof NoMicrokernels) throw new UserError(`--table: ${error.message}.`);
    throw error;
  }
}
