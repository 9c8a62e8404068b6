import { env } from '@tensorflow/tfjs-core';
import { workerLocation } from '../memory/location.js';
import type { WorkerMessage, WorkerSetup } from './lane-worker.js';

/** A Web Worker or one of Node's worker threads, in which a lane runs. */
export interface LaneWorker {
  /** Whether the process, if it is Node's, stays alive for the worker's sake. */
  hold(alive: boolean): void;
  terminate(): void;
}

/** What a worker's owner hears. */
export interface WorkerEvents {
  onMessage: (message: WorkerMessage) => void;
  /** The worker has ended, by itself or by an error; nothing more is heard of it. */
  onEnd: (reason: string) => void;
}

/**
 * Starts a worker and sends it its setup.
 * @throws Error where workers cannot be started: a content security policy, say
 */
export function startWorker(setup: WorkerSetup, events: WorkerEvents): LaneWorker {
  return env().getBool('IS_NODE') ? startThread(setup, events) : startWebWorker(setup, events);
}

function startThread(setup: WorkerSetup, { onMessage, onEnd }: WorkerEvents): LaneWorker {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const location = workerLocation();
  const thread = new Worker(location.startsWith('file:') ? new URL(location) : location, {
    // Not the program's: `--input-type` is refused for a file, and what it preloads is no concern of a lane.
    execArgv: [],
  });
  let reason = 'the thread ended';
  thread.on('message', onMessage);
  thread.on('error', (error) => {
    reason = String(error);
  });
  thread.on('exit', () => {
    onEnd(reason);
  });
  thread.postMessage(setup);
  thread.unref();
  return {
    hold: (alive) => {
      if (alive) thread.ref();
      else thread.unref();
    },
    terminate: () => void thread.terminate(),
  };
}

/** A worker that is terminated before it works has ended after so long. */
const END_MS = 100;

function startWebWorker(setup: WorkerSetup, { onMessage, onEnd }: WorkerEvents): LaneWorker {
  const worker = new Worker(sameOrigin(workerLocation()));
  let hasEnded = false;
  const end = (reason: string): void => {
    if (hasEnded) return;
    hasEnded = true;
    onEnd(reason);
  };
  let hasLock = false;
  worker.addEventListener('message', ({ data }) => {
    const message = data as WorkerMessage;
    if (message.kind === 'started' && navigator.locks) {
      hasLock = true;
      void navigator.locks.request(setup.lock, () => {
        end('it was terminated');
      });
    }
    onMessage(message);
  });
  worker.addEventListener('error', (event) => {
    worker.terminate();
    end(event.message || 'its script could not be loaded');
  });
  worker.postMessage(setup);
  return {
    hold: () => undefined,
    terminate: () => {
      worker.terminate();
      // Nothing else tells when a Web Worker has ended; one that held no lock did not work yet.
      if (hasLock) return;
      setTimeout(() => {
        end('it was terminated');
      }, END_MS);
    },
  };
}

/** A worker's script must come from the page's own origin, or from a script that does. */
function sameOrigin(url: string): string {
  if (new URL(url, location.href).origin === location.origin) return url;
  const script = `importScripts(${JSON.stringify(url)});`;
  return URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
}
