/** What the published workload would take on more cores than this machine has: a projection. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { profile, type Profile } from 'tfjs-backend-dynconv';
import { contest } from '../../cli/src/contest.js';
import { quantile, spread, type Spread } from '../../cli/src/statistics.js';
import { hourglass } from '../hourglass.js';
import type { Network } from '../network.js';
import { formatScaling, project, type Measured, type ScalingDocument } from '../scaling.js';
import {
  environment,
  inRoot,
  printResults,
  programOptions,
  say,
  workloadModel,
  workloadPicture,
} from './host.js';

const WARMUP_RUNS = 6;
const DEFAULT_RUNS = 21;
const STREAM_ROUNDS = 7;
const FLOAT_BYTES = 4;
/** GB/s of smaller machines: a laptop's, about, and a phone's. */
const SLOWER = [20, 10];

const { json, runs = DEFAULT_RUNS } = programOptions();
const cores = availableParallelism();
if (cores < 2) throw new Error('A projection needs the times on one core and on two.');
await tf.setBackend('dynconv');
const network = await hourglass(await workloadModel(), await workloadPicture());

async function predict(): Promise<void> {
  const output = network.predict(network.input);
  await output.data();
  output.dispose();
}

/** Milliseconds on one lane and on two, in turns, skipping and not. */
async function times(): Promise<Record<'skipping' | 'everyPixel', [Spread, Spread]>> {
  const contestants = [true, false].flatMap((skip) =>
    [1, 2].map((lanes) => ({
      name: `${skip} ${lanes}`,
      warmup: WARMUP_RUNS,
      runs,
      prepare: () => {
        tf.env().set('DYNCONV_LANES', lanes);
        tf.env().set('DYNCONV_SKIP', skip);
        return Promise.resolve();
      },
      run: predict,
    })),
  );
  const all = await contest(contestants);
  tf.env().set('DYNCONV_SKIP', true);
  const of = (name: string): Spread => spread(all.get(name) ?? []);
  return {
    skipping: [of('true 1'), of('true 2')],
    everyPixel: [of('false 1'), of('false 2')],
  };
}

async function profiled(network: Network): Promise<Profile<void>> {
  tf.env().set('DYNCONV_LANES', 1);
  return profile(async () => {
    const output = network.predict(network.input);
    await output.data();
    output.dispose();
  });
}

/** Bytes that a prediction moves if all rows between layers, and each filter once, go through memory. */
function traffic({ layers }: Profile<void>, everyPixel: boolean): number {
  let floats = 0;
  for (const { macs, pixels, outputShape } of layers) {
    const rows = everyPixel ? pixels.total : pixels.active;
    if (rows === 0) continue;
    floats += 2 * rows * outputShape[outputShape.length - 1];
    floats += macs.total / pixels.total;
  }
  return floats * FLOAT_BYTES;
}

/** GB/s that threads read together. */
async function bandwidth(threads: number): Promise<number> {
  const url = new URL(`file://${inRoot('bench/lib/stream-worker.mjs')}`);
  const workers = Array.from({ length: threads }, () => new Worker(url));
  const answers = (): Promise<number[]> =>
    Promise.all(
      workers.map((worker) => new Promise<number>((resolve) => worker.once('message', resolve))),
    );
  await answers();
  const sums: number[] = [];
  for (let round = 0; round < STREAM_ROUNDS; round++) {
    for (const worker of workers) worker.postMessage('go');
    sums.push((await answers()).reduce((a, b) => a + b, 0));
  }
  for (const worker of workers) await worker.terminate();
  return quantile(sums, 0.5);
}

say('the published workload on one lane and on two');
const { skipping, everyPixel } = await times();
const trace = await profiled(network);
tf.env().set('DYNCONV_LANES', 2);
const kernels = trace.timeline.events.reduce((sum, { start, end }) => sum + end - start, 0);
say('bytes that threads read in a second');
const read = { one: await bandwidth(1), two: await bandwidth(2) };
const measure = (name: string, [one, two]: [Spread, Spread], isDense: boolean): Measured => ({
  name,
  one,
  two,
  bytes: traffic(trace, isDense),
});
const measured = [measure('skipping', skipping, false), measure('every pixel', everyPixel, true)];
const document: ScalingDocument = {
  environment: environment(),
  bandwidth: read,
  javaScript: skipping[0].median - kernels,
  projections: measured.map((one) => project(one, [read.two, ...SLOWER])),
};
printResults(json, document, formatScaling(document));
