/** A thread that reads memory of its own, much larger than caches, and answers with GB/s. */
import { parentPort } from 'node:worker_threads';
import { stream } from './wasm-loops.mjs';

const BYTES = 2 ** 27;
const ROUND_MS = 300;

const { run, operations } = await stream(BYTES);
run();
parentPort.on('message', () => {
  const start = performance.now();
  let bytes = 0;
  let time = 0;
  for (; time < ROUND_MS; time = performance.now() - start) {
    run();
    bytes += operations;
  }
  parentPort.postMessage(bytes / time / 1e6);
});
parentPort.postMessage('ready');
