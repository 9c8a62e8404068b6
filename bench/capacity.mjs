/**
 * How much more several threads of this machine do than one, when they share nothing: what lanes can
 * gain at most. Cores of a virtual machine are often two halves of one.
 *
 *     npm run build:kernels && node bench/capacity.mjs [THREADS]      by default one a core
 *
 * Each thread multiplies matrices in a memory of its own, as a 1x1 convolution from 96 channels to 576
 * does. One thread and all of them are measured in turn; printed is the median over the rounds.
 */
import { availableParallelism } from 'node:os';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { median } from 'simple-statistics';

const ROUNDS = 7;
const ROUND_MS = 300;
const [ROWS, FROM, TO] = [1024, 96, 576];

/** Answers each message with the GFLOP/s of a round. */
async function work() {
  const { modules, placeCommand, placeFloats, placeWeights, scratch, windowFields } =
    await import('./lib/kernel-harness.mjs');
  const kernel = 'f32_igemm_6x8';
  const run = (modules.relaxed ?? modules.simd)[kernel];
  const command = placeCommand({
    ...{ InBase: placeFloats(ROWS * FROM), InStride: FROM * 4, InChannels: FROM },
    ...{ OutBase: placeFloats(ROWS * TO), OutStride: TO * 4, OutChannels: TO },
    ...windowFields(32, 32, 1),
    Weights: placeWeights(kernel, 1, FROM, TO),
  });
  parentPort.on('message', () => {
    const start = performance.now();
    let calls = 0;
    let time = 0;
    for (; time < ROUND_MS; time = performance.now() - start, calls++)
      run(command, 0, ROWS, scratch);
    parentPort.postMessage((calls * 2 * ROWS * FROM * TO) / time / 1e6);
  });
  parentPort.postMessage('ready');
}

const answer = (worker) => new Promise((resolve) => worker.once('message', resolve));

async function measure(threads) {
  const workers = Array.from({ length: threads }, () => new Worker(new URL(import.meta.url)));
  await Promise.all(workers.map(answer));
  const together = (some) =>
    Promise.all(
      some.map((worker) => {
        worker.postMessage('go');
        return answer(worker);
      }),
    );
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  await together(workers);
  const [alone, all] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(sum(await together(workers.slice(0, 1))));
    all.push(sum(await together(workers)));
  }
  for (const worker of workers) await worker.terminate();
  const gains = all.map((speed, round) => speed / alone[round]);
  console.log(
    `one thread: ${median(alone).toFixed(1)} GFLOP/s; ${threads} threads: ${median(all).toFixed(1)}, ` +
      `${median(gains).toFixed(2)} times as much (${Math.min(...gains).toFixed(2)} to ${Math.max(...gains).toFixed(2)})`,
  );
}

if (isMainThread) {
  const threads = Number(process.argv[2] ?? availableParallelism());
  if (!Number.isInteger(threads) || threads < 1) {
    console.error(`How many threads? Not "${process.argv[2]}".`);
    process.exit(2);
  }
  await measure(threads);
} else {
  await work();
}
