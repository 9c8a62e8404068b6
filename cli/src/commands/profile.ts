import { Command } from 'commander';
import { complain } from '../exit-codes.js';
import { positiveInteger } from '../options.js';
import { profileModel } from '../profile/profile.js';
import { formatProfile } from '../profile/profile-report.js';
import { Progress } from '../progress.js';

const READING = `
A lane is a thread; each of the two virtual PE arrays has a share of them: the first runs
the layers of the main path, the second depthwise and decision convolutions, pooling and
additions. A lane of an array that has nothing to do helps the other.

busy, waiting   between the first kernel of a run and the end of its last
waiting         of a layer: what lanes waited just before one of its kernels
theory          all pixels of a layer over those that were computed
measured        time with every pixel computed over time with skipping

Exit codes: 0; 1 if the output cannot be written; 2 for a wrong option, model or image.`;

interface ProfileFlags {
  image?: string;
  out?: string;
  svg?: string;
  densities?: string;
  lanes?: number;
  runs: number;
  json?: boolean;
  quiet?: boolean;
}

/** `dynconv profile`: what layers and lanes did when. */
export function profileCommand(): Command {
  return new Command('profile')
    .description('Runs a model on dynconv, and shows what each lane of both PE arrays did when.')
    .argument('<model>', 'a converted model: the folder of its model.json, or that file')
    .option('-i, --image <file>', 'a JPEG, PNG or WebP file to run it on (default: random values)')
    .option('-o, --out <file>', "write a trace in Chrome's format, which ui.perfetto.dev opens")
    .option('--svg <file>', 'draw a Gantt chart of both arrays')
    .option('--densities <file>', 'write what masks kept, for dynconv map and dynconv simulate')
    .option('--lanes <number>', 'threads in all (default: one a core)', positiveInteger)
    .option('-n, --runs <number>', 'timed runs with and without skipping', positiveInteger, 7)
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText('after', READING)
    .action(async (model: string, flags: ProfileFlags) => {
      const progress = new Progress(flags.quiet);
      const report = await profileModel({ ...flags, model }, { progress, complain });
      const text = flags.json ? JSON.stringify(report, null, 2) : formatProfile(report);
      process.stdout.write(`${text}\n`);
    });
}
