import '@tensorflow/tfjs-backend-cpu';

/**
 * Sees to it that the cpu backend is there. An import has it loaded before any code runs, which takes a tenth of a
 * start-up, and few programs need it; so the build for Node replaces this file (scripts/lib/cpu-on-demand.mjs).
 */
export function loadCpuBackend(): void {
  // It was imported.
}
