#!/usr/bin/env node
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../index.js';
import { pose } from './pose.js';
import { Progress } from './progress.js';
import { UserError } from './user-error.js';

/** What the caller did wrong, and what the backends disagree on, as exit codes. */
const EXIT_USAGE = 2;
const EXIT_DISAGREE = 1;

/** The package's folder of models, whether this runs from src/cli or from dist/cli. */
const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));

/** Parses the arguments and runs the command; sets the process's exit code. */
async function main(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message, or the help that was asked for.
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    } else if (error instanceof UserError) {
      process.stderr.write(`dynconv: ${error.message}\n`);
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

interface PoseFlags {
  model: string;
  out?: string;
  runs: number;
  compare: boolean;
  layers?: boolean;
  json?: boolean;
  quiet?: boolean;
}

function poseCommand(): Command {
  const photos = shippedPhotographs();
  return new Command('pose')
    .description(
      'Runs a pose network on pictures, on dynconv and on wasm, and draws what came out.',
    )
    .addArgument(
      new Argument('[images...]', 'JPEG, PNG or WebP files').default(
        photos,
        'the shipped photograph',
      ),
    )
    .addOption(
      new Option('-m, --model <folder>', 'a converted model: the folder of its model.json').default(
        shorter(join(MODELS, 'mobilenetv2-hourglass-s0125')),
        'the shipped network',
      ),
    )
    .option('-o, --out <file>', 'the PNG to write (default: <image>-pose.png)')
    .option('-n, --runs <number>', 'timed predictions on each backend', positiveInteger, 7)
    .option('--no-compare', 'run on dynconv alone')
    .option('--layers', 'report layer by layer, too')
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .exitOverride()
    .showHelpAfterError('(dynconv pose --help shows what there is)')
    .action(async (images: string[], flags: PoseFlags) => {
      const print = (text: string): void => {
        if (!flags.json) process.stdout.write(`${text}\n`);
      };
      const report = await pose({ ...flags, images }, new Progress(flags.quiet), print);
      if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      if (report.images.some(({ agreement }) => agreement?.agree === false)) {
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

/** The first photograph that came with the package. */
function shippedPhotographs(): string[] {
  const folder = join(MODELS, 'photos');
  try {
    const photo = readdirSync(folder)
      .sort()
      .find((name) => name.endsWith('.jpg'));
    return photo === undefined ? [] : [shorter(join(folder, photo))];
  } catch {
    return []; // Installed without its models: images and --model must be given.
  }
}

/** A path as short as the working directory allows. */
function shorter(path: string): string {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') ? path : fromHere;
}

await main(process.argv);
