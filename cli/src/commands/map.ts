import { Command } from 'commander';
import {
  mapNetwork,
  NoMicrokernels,
  unrollingTable,
  type MappedLayer,
  type Platform,
} from 'tfjs-backend-dynconv/mapping';
import { mapDocument } from '../map/document.js';
import { readInputs } from '../map/inputs.js';
import { addMappingOptions, searchOptions, type MappingFlags } from '../map/options.js';
import { mapTable, whyTable } from '../map/report.js';
import { formatTableFile } from '../map/table-file.js';
import { Progress } from '../progress.js';
import { UserError } from '../user-error.js';
import { writeText } from '../write-text.js';

const NOTES = `
Latency is in cycles, energy in the hardware file's unit; both count loading and off-loading,
as ZigZag reports them. Several cores: each layer runs where its mapping's core_allocation
says, or where it is best.

Exit codes: 0; 2 for a wrong option or file.`;

/** How many mappings --why shows. */
const RUNNERS_UP = 4;

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
    .action((workload: string, flags: MapFlags) => {
      const { network, activity, platform, rules } = readInputs(workload, flags);
      const progress = new Progress(flags.quiet);
      progress.stage(`mapping ${network.layers.length} layers`);
      const options = searchOptions(flags, flags.why === undefined ? 0 : RUNNERS_UP);
      const mapped = mapNetwork(network, activity, platform, rules, options, (done, total) => {
        progress.step(done, total);
      });
      progress.clear();
      if (flags.table !== undefined) writeTable(flags.table, mapped, platform);
      const text = flags.json
        ? JSON.stringify(mapDocument(mapped), null, 2)
        : flags.why === undefined
          ? mapTable(mapped)
          : whyTable(mapped, flags.why);
      process.stdout.write(`${text}\n`);
    });
}

/** Writes the mappings in the format that `setUnrollingTable` takes. */
function writeTable(file: string, mapped: readonly MappedLayer[], platform: Platform): void {
  try {
    writeText(file, formatTableFile(unrollingTable(mapped, platform)));
  } catch (error) {
    if (error instanceof NoMicrokernels) throw new UserError(`--table: ${error.message}.`);
    throw error;
  }
}
