#!/usr/bin/env node
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../index.js';
import { pose } from './pose.js';
import { Progress } from './progress.js';
import { BACKBONES, shippedModel, shippedPhotographs, type Backbone } from './shipped.js';
import { UserError } from './user-error.js';

/** What the caller did wrong, and what the backends disagree on, as exit codes. */
const EXIT_USAGE = 2;
const EXIT_DISAGREE = 1;
/** Heatmaps are trained to be 1 at a joint. */
const DEFAULT_MIN_SCORE = 0.2;

/** Parses the arguments and runs the command; sets the process's exit code. */
async function main(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message, or the help that was asked for.
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    } else if (error instanceof UserError) {
      complain(error.message);
      process.exitCode = EXIT_USAGE;
    } else {
      throw error;
    }
  }
}

function program(): Command {
  return new Command('dynconv')
    .description('Convolutional networks that skip the pixels which their own masks throw away.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(dynconv --help shows what there is)')
    .addCommand(poseCommand());
}

const PREPROCESSING = `
Each image is turned as its EXIF orientation says and scaled, its aspect kept, into the
network's input, centred between black bars. Positions in --json are those in the image's
own pixels. A joint whose heatmap reaches less than --min-score, or that lies on a bar, is
"found": false and has no position. Of COCO's keypoints there are shoulders, elbows, wrists,
hips, knees and ankles; the networks know no nose, eyes and ears.

Exit codes: 0; 1 if wasm and dynconv disagree; 2 for a wrong option, model or image.`;

interface PoseFlags {
  model?: string;
  backbone?: Backbone;
  minScore: number;
  out?: string;
  runs: number;
  compare: boolean;
  layers?: boolean;
  json?: boolean;
  quiet?: boolean;
}

function poseCommand(): Command {
  return new Command('pose')
    .description(
      'Runs a pose network on pictures, on dynconv and on wasm, and draws what came out.',
    )
    .addArgument(
      new Argument(
        '[images...]',
        'JPEG, PNG or WebP files, and folders of .jpg, .jpeg and .png files',
      ).default(shippedPhotographs(), 'the shipped photograph'),
    )
    .addOption(
      new Option('-b, --backbone <name>', 'the trained network with this backbone').choices(
        BACKBONES,
      ),
    )
    .addOption(
      new Option(
        '-m, --model <folder>',
        `a converted model: the folder of its model.json (default: ${shippedModel()})`,
      ).conflicts('backbone'),
    )
    .option(
      '-o, --out <path>',
      'the PNG to write, or with several images the folder (default: <image>-pose.png, here)',
    )
    .option(
      '--min-score <number>',
      'the least score of a joint that is drawn, from 0 to 1',
      share,
      DEFAULT_MIN_SCORE,
    )
    .option('-n, --runs <number>', 'timed predictions on each backend', positiveInteger, 7)
    .option('--no-compare', 'run on dynconv alone')
    .option('--layers', 'report layer by layer, too')
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText('after', PREPROCESSING)
    .exitOverride()
    .showHelpAfterError('(dynconv pose --help shows what there is)')
    .action(async (images: string[], flags: PoseFlags) => {
      const print = (text: string): void => {
        if (!flags.json) process.stdout.write(`${text}\n`);
      };
      const model = flags.model ?? shippedModel(flags.backbone);
      const progress = new Progress(flags.quiet);
      const report = await pose({ ...flags, model, images }, { progress, print, complain });
      if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      if (report.failures.length > 0) {
        process.exitCode = EXIT_USAGE;
      } else if (report.images.some(({ agreement }) => agreement?.agree === false)) {
        process.exitCode = EXIT_DISAGREE;
      }
    });
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('a whole number above 0 is needed.');
  }
  return value;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('a number from 0 to 1 is needed.');
  }
  return value;
}

/** Reports what the caller did wrong. */
function complain(message: string): void {
  process.stderr.write(`dynconv: ${message}\n`);
}

await main(process.argv);
