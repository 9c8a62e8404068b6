/** A thread of `SearchPool`: carries out the searches that it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import { searchTask, type SearchTask } from 'tfjs-backend-dynconv/mapping';
import type { WorkerSetup } from './search-pool.js';

const { platform, options } = workerData as WorkerSetup;

parentPort?.on('message', (task: SearchTask) => {
  parentPort?.postMessage(searchTask(task, platform, options));
});
