import '@tensorflow/tfjs-backend-cpu';
import { engine } from '@tensorflow/tfjs-core';
import type { KernelBackend } from '@tensorflow/tfjs-core';

/** The cpu backend, which holds the types that have no place in WebAssembly memory. */
export function cpuBackend(): KernelBackend {
  return engine().findBackend('cpu');
}
