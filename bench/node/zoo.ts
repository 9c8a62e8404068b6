/** Converted models from other people's packages, on `wasm` and on `dynconv`, in turns. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel, type GraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import 'tfjs-backend-dynconv';
import { contest, type Contestant } from '../../cli/src/contest.js';
import { readPhotograph, toInput } from '../../cli/src/pose/photograph.js';
import {
  geometricMean,
  largestDifference,
  pairedRatios,
  spread,
  type Spread,
} from '../../cli/src/statistics.js';
import { formatTable } from '../../cli/src/table.js';
import { formatEnvironment } from '../report.js';
import {
  environment,
  inRoot,
  PHOTOGRAPH,
  printResults,
  programOptions,
  say,
  type ProgramOptions,
} from './host.js';
import { zooFolder } from './zoo-package.js';

/** The models of the package, by what they are for; all but three, whose control flow needs more. */
const MODELS: Record<string, readonly string[]> = {
  pose: [
    ...['movenet-lightning', 'movenet-thunder', 'movenet-multipose', 'efficientpose', 'posenet'],
    ...['blazepose-lite', 'blazepose-full', 'blazepose-heavy', 'blazepose-detector'],
  ],
  face: [
    ...['blazeface', 'blazeface-back', 'blazeface-front', 'facemesh', 'facemesh-attention'],
    ...['facemesh-attention-pinto', 'facemesh-detection-full', 'facemesh-detection-short', 'iris'],
  ],
  person: [
    ...['age', 'gender', 'gender-ssrnet-imdb', 'gear', 'emotion', 'faceres', 'faceres-deep'],
    ...['mobileface', 'mobilefacenet', 'antispoof', 'liveness'],
  ],
  hand: [
    ...['handdetect', 'handskeleton', 'handlandmark-lite', 'handlandmark-full'],
    'handlandmark-sparse',
  ],
  segmentation: ['selfie', 'meet'],
  objects: ['centernet', 'nanodet'],
};
/** Pixels of each side of a picture of any size. */
const ANY_SIDE = 256;
const COLOURS = 3;
/** Small models take more runs than large ones until V8 has compiled all of the code for good. */
const WARMUP_MILLISECONDS = 2000;
const FEWEST_WARMUP_RUNS = 5;
const MOST_WARMUP_RUNS = 50;
const DEFAULT_RUNS = 15;

interface ModelResult {
  name: string;
  task: string;
  /** Absent for a backend that cannot run the model. */
  milliseconds: { wasm?: Spread; dynconv?: Spread };
  /** How many times as fast as `wasm`, round by round. */
  speedup?: Spread;
  /** Largest difference from `wasm`'s outputs, each over its own largest value. */
  difference?: number;
  /** The same of the cpu backend: what rounding alone does to this model. */
  cpuDifference?: number;
}

/** The shipped photograph as a model takes it: bytes for integers, else [0, 1]. */
async function inputsOf(model: GraphModel): Promise<tf.Tensor[]> {
  const inputs: tf.Tensor[] = [];
  for (const { shape = [], dtype } of model.inputs) {
    const channelsFirst = shape[1] === COLOURS;
    const [height, width] = shape
      .slice(channelsFirst ? 2 : 1)
      .map((size) => (size > 0 ? size : ANY_SIDE));
    const scale = dtype === 'int32' ? 1 / 255 : 1;
    const picture = toInput(
      await readPhotograph(inRoot(PHOTOGRAPH), width, height),
      [0, 0, 0],
      [scale, scale, scale],
    );
    const pixels = tf.tensor4d(picture, [1, height, width, COLOURS], dtype);
    if (channelsFirst) inputs.push(tf.transpose(pixels, [0, 3, 1, 2]));
    else inputs.push(shape[3] === 1 ? tf.mean(pixels, 3, true) : pixels);
  }
  return inputs;
}

async function load(folder: string, name: string): Promise<GraphModel> {
  const json = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as tf.io.ModelJSON;
  const { paths } = json.weightsManifest[0];
  const shards = await Promise.all(paths.map((path) => readFile(join(folder, path))));
  const artifacts = await tf.io.getModelArtifactsForJSON(json, () =>
    Promise.resolve([
      json.weightsManifest[0].weights,
      new Uint8Array(Buffer.concat(shards)).buffer,
    ]),
  );
  return loadGraphModel({ load: () => Promise.resolve(artifacts) });
}

/** How many runs it takes to warm up. */
async function warmupRuns(prepare: () => Promise<void>, run: () => Promise<void>): Promise<number> {
  await prepare();
  await run();
  const start = performance.now();
  await run();
  const milliseconds = performance.now() - start;
  const affordable = Math.ceil(WARMUP_MILLISECONDS / milliseconds);
  return Math.min(Math.max(FEWEST_WARMUP_RUNS, affordable), MOST_WARMUP_RUNS);
}

async function benchModel(
  folder: string,
  task: string,
  name: string,
  { runs = DEFAULT_RUNS, cpuRuns = 1 }: ProgramOptions,
): Promise<ModelResult> {
  const outputs = new Map<string, ArrayLike<number>[]>();
  const loaded: { model: GraphModel; input: tf.Tensor[] }[] = [];
  const contestants: Contestant[] = [];
  for (const backend of cpuRuns > 0 ? ['wasm', 'dynconv', 'cpu'] : ['wasm', 'dynconv']) {
    await tf.setBackend(backend);
    const model = await load(folder, name);
    const input = await inputsOf(model);
    loaded.push({ model, input });
    // A backend sets up all of its kernels when it is chosen: that is no part of a prediction.
    const prepare = async (): Promise<void> => {
      if (tf.getBackend() !== backend) await tf.setBackend(backend);
    };
    const run = async (): Promise<void> => {
      const output = model.execute(input);
      const tensors = Array.isArray(output) ? output : [output];
      outputs.set(backend, await Promise.all(tensors.map((tensor) => tensor.data())));
      tf.dispose(tensors);
    };
    try {
      const effort =
        backend === 'cpu'
          ? { warmup: 0, runs: cpuRuns }
          : { warmup: await warmupRuns(prepare, run), runs };
      contestants.push({ name: backend, ...effort, prepare, run });
    } catch (error) {
      say(
        `${backend} cannot run ${name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  const times = await contest(contestants);
  for (const { model, input } of loaded) {
    tf.dispose(input);
    model.dispose();
  }
  const [wasm, dynconv] = [times.get('wasm'), times.get('dynconv')];
  const difference = (backend: string): number | undefined => {
    const values = outputs.get(backend);
    const reference = outputs.get('wasm');
    return (
      values &&
      reference &&
      Math.max(...reference.map((output, i) => largestDifference(values[i], output)))
    );
  };
  return {
    name,
    task,
    milliseconds: { wasm: wasm && spread(wasm), dynconv: dynconv && spread(dynconv) },
    speedup: wasm && dynconv && spread(pairedRatios(wasm, dynconv)),
    difference: difference('dynconv'),
    cpuDifference: difference('cpu'),
  };
}

function format(results: readonly ModelResult[], mean: number): string {
  const table = formatTable(
    [
      'model',
      'task',
      'wasm ms',
      'dynconv ms',
      'times wasm',
      'quartiles',
      'difference',
      'cpu differs',
    ],
    results.map(({ name, task, milliseconds, speedup, difference, cpuDifference }) => [
      name,
      task,
      milliseconds.wasm?.median.toFixed(1) ?? 'cannot',
      milliseconds.dynconv?.median.toFixed(1) ?? 'cannot',
      speedup?.median.toFixed(2) ?? '-',
      speedup ? `${speedup.lower.toFixed(2)}-${speedup.upper.toFixed(2)}` : '-',
      difference?.toExponential(1) ?? '-',
      cpuDifference?.toExponential(1) ?? '-',
    ]),
  );
  return `${table}\n\ngeometric mean: ${mean.toFixed(2)} times as fast as wasm`;
}

const options = programOptions();
const wanted = options.models?.split(',');
const all = Object.entries(MODELS).flatMap(([task, names]) =>
  names.map((name) => ({ task, name })),
);
const chosen = wanted?.map((name) => ({
  name,
  task: all.find((model) => model.name === name)?.task ?? 'other',
}));
const folder = await zooFolder(options.install);
const results: ModelResult[] = [];
for (const { task, name } of chosen ?? all) {
  say(name);
  results.push(await benchModel(folder, task, name, options));
}
const mean = geometricMean(results.flatMap(({ speedup }) => speedup?.median ?? []));
const where = environment();
printResults(
  options.json,
  { environment: where, results, geometricMean: mean },
  `${formatEnvironment(where)}\n\n${format(results, mean)}`,
);
