import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  searchTask,
  type Platform,
  type SearchOptions,
  type SearchResult,
  type SearchTask,
} from 'tfjs-backend-dynconv/mapping';

/** What a worker is started with. */
export interface WorkerSetup {
  platform: Platform;
  options: SearchOptions;
}

/** A search that waits for its result. */
interface Order {
  task: SearchTask;
  resolve: (result: SearchResult) => void;
  reject: (error: unknown) => void;
}

/** Threads that are used where nobody says how many: one a core. */
export const DEFAULT_THREADS = availableParallelism();
/** Most networks are mapped in less time than it pays to start a thread, and to warm it up, for. */
const PATIENCE_MS = 1000;

/** Carries out searches: on the caller's thread, and, if they take long, on worker threads, too. */
export class SearchPool {
  private readonly waiting: Order[] = [];
  /** Each worker, and what it is at. */
  private readonly workers = new Map<Worker, Order | undefined>();
  private readonly started = performance.now();
  private isServing = false;

  /** @param threads in all, the caller's included */
  constructor(
    private readonly setup: WorkerSetup,
    private readonly threads: number,
  ) {}

  search(task: SearchTask): Promise<SearchResult> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ task, resolve, reject });
      if (!this.isServing) void this.serve();
    });
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all([...this.workers.keys()].map((worker) => worker.terminate()));
  }

  /** One search after the other on this thread; in between, whoever waits for a result hears of it. */
  private async serve(): Promise<void> {
    const { platform, options } = this.setup;
    this.isServing = true;
    await setImmediate();
    for (let order = this.waiting.shift(); order; order = this.waiting.shift()) {
      try {
        order.resolve(searchTask(order.task, platform, options));
      } catch (error) {
        order.reject(error);
      }
      await setImmediate();
      if (performance.now() - this.started > PATIENCE_MS) this.assign();
    }
    this.isServing = false;
  }

  /** Gives waiting searches to threads without one, and starts threads while there may be more. */
  private assign(): void {
    for (const [worker, order] of this.workers) if (!order) this.give(worker);
    while (this.waiting.length > 0 && this.workers.size + 1 < this.threads) this.give(this.start());
  }

  private give(worker: Worker): void {
    const order = this.waiting.shift();
    this.workers.set(worker, order);
    if (order) worker.postMessage(order.task);
  }

  private start(): Worker {
    const worker = new Worker(new URL('./search-worker.mjs', import.meta.url), {
      workerData: this.setup,
    });
    worker.on('message', (result: SearchResult) => {
      this.workers.get(worker)?.resolve(result);
      this.give(worker);
    });
    // An error in a search is a fault of ours, and ends the command.
    worker.on('error', (error) => this.workers.get(worker)?.reject(error));
    return worker;
  }
}
