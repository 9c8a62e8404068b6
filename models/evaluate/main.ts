/** The program behind models/evaluate.mjs; it is not part of the published command. */
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { Command } from 'commander';
import 'tfjs-backend-dynconv';
import { readModelCard } from '../../cli/src/model-card.js';
import { readModelFolder } from '../../cli/src/model-folder.js';
import { positiveInteger } from '../../cli/src/options.js';
import { Progress } from '../../cli/src/progress.js';
import { formatTable } from '../../cli/src/table.js';
import { messageOf, UserError } from '../../cli/src/user-error.js';
import { readTestSplit } from './benchmark.js';
import { evaluate, type Evaluation, type TrainedModel } from './evaluation.js';
import { keypointsCommand } from './keypoints.js';
import { measureLatency, type LatencyReport } from './latency.js';

const EXIT_MISSED = 1;
const EXIT_USAGE = 2;

interface Flags {
  models: string;
  data: string;
  reference: string;
  images?: number;
  latency?: string;
  runs: number;
  json?: boolean;
  quiet?: boolean;
}

function program(): Command {
  return new Command('node models/evaluate.mjs')
    .enablePositionalOptions()
    .description(
      'Evaluates converted models on dynconv: PCKh@0.5 on the test split, and their joints and masks ' +
        'against what Keras made of the same images.',
    )
    .argument('[names...]', 'trained models (default: all that --models holds)')
    .option('--models <folder>', 'the folder of trained models', 'models/trained')
    .option('--data <folder>', 'the benchmark', 'models/.cache/lspet-192')
    .option('--reference <folder>', "Keras's joints and masks", 'models/.cache/reference')
    .option('--images <number>', 'only the first test images', positiveInteger)
    .option(
      '--latency <file>',
      'time the models on dynconv and wasm, too, and write this JSON file',
    )
    .option(
      '--runs <number>',
      'timed predictions of each model on each backend',
      positiveInteger,
      50,
    )
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText(
      'after',
      "\nExit codes: 0; 1 if a model's PCKh differs by more than 0.1 points from Keras's, or less than\n" +
        "99.9 % of its masks' pixels are as in Keras; 2 for a wrong option, model or file.",
    )
    .action(run)
    .addCommand(keypointsCommand());
}

async function run(names: string[], flags: Flags): Promise<void> {
  const progress = new Progress(flags.quiet);
  const split = await readTestSplit(flags.data);
  const models = await readModels(flags.models, names);
  const count = Math.min(flags.images ?? split.count, split.count);

  await tf.setBackend('dynconv');
  const evaluations: Evaluation[] = [];
  for (const [i, model] of models.entries()) {
    progress.stage(`${i + 1}/${models.length} ${model.name}: images`);
    const reference = join(flags.reference, model.name);
    evaluations.push(
      await evaluate(model, split, count, reference, (done) => {
        progress.step(done, count);
      }),
    );
  }
  let latency: LatencyReport | undefined;
  if (flags.latency !== undefined) {
    progress.stage('Timing');
    latency = await measureLatency(models, split, flags.runs, (done, total) => {
      progress.step(done, total);
    });
    await writeFile(flags.latency, `${JSON.stringify(latency, null, 2)}\n`).catch(
      (error: unknown) => {
        throw new UserError(`${flags.latency} cannot be written: ${messageOf(error)}`);
      },
    );
  }
  progress.clear();
  const text = flags.json
    ? JSON.stringify({ evaluations, latency }, null, 2)
    : format(evaluations, latency);
  process.stdout.write(`${text}\n`);
  if (evaluations.some(({ missed }) => missed.length > 0)) process.exitCode = EXIT_MISSED;
}

/** The models of these names, or all that are in the folder. */
async function readModels(folder: string, names: readonly string[]): Promise<TrainedModel[]> {
  const found = (await readdir(folder).catch(() => []))
    .filter((name) => existsSync(join(folder, name, 'model.json')))
    .sort();
  if (found.length === 0) {
    throw new UserError(`${folder} holds no model: train some (python -m dynconv_models.study).`);
  }
  const unknown = names.find((name) => !found.includes(name));
  if (unknown !== undefined) {
    throw new UserError(`${folder} holds no model ${unknown}; it holds ${found.join(', ')}.`);
  }
  const models: TrainedModel[] = [];
  for (const name of names.length > 0 ? names : found) {
    const path = join(folder, name);
    models.push({ name, folder: await readModelFolder(path), card: await readModelCard(path) });
  }
  return models;
}

function format(evaluations: readonly Evaluation[], latency: LatencyReport | undefined): string {
  const points = (value: number | undefined): string => value?.toFixed(2) ?? '-';
  const share = (value: number | undefined): string =>
    value === undefined ? '-' : `${(100 * value).toFixed(3)} %`;
  const table = formatTable(
    ['model', 'images', 'PCKh@0.5', "Keras's", 'same images', 'same joints', 'same mask pixels'],
    evaluations.map((e) => [
      e.name,
      String(e.images),
      points(e.pckh),
      points(e.kerasPckh),
      points(e.joints?.kerasPckh),
      share(e.joints?.same),
      share(e.masks?.agreement),
    ]),
  );
  const missed = evaluations.flatMap(({ name, missed: bars }) => bars.map((m) => `${name}: ${m}`));
  return [
    table,
    ...(latency ? [formatLatency(latency)] : []),
    missed.length === 0 ? 'No bar was missed.' : `MISSED\n${missed.join('\n')}`,
  ].join('\n\n');
}

function formatLatency({ machine, node, runs, models }: LatencyReport): string {
  const table = formatTable(
    ['median ms, batch 1', 'dynconv', '10-90 %', 'wasm', '10-90 %'],
    Object.entries(models).map(([name, { dynconv, wasm }]) => [
      name,
      ...[dynconv, wasm].flatMap(({ medianMs, p10, p90 }) => [
        medianMs.toFixed(2),
        `${p10.toFixed(2)}-${p90.toFixed(2)}`,
      ]),
    ]),
  );
  return `${table}\n${machine}; Node ${node}; ${runs} runs of each, in turns`;
}

try {
  await program()
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
    })
    .parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`evaluate: ${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
