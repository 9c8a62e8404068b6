/**
 * tfjs-core's own test suite, as it ships in the package, run by jasmine on one backend.
 *
 * Bundled for Node and for a browser by scripts/stages/suite.mjs.
 */
import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js';
import '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-core/dist/register_all_gradients';

const SPEC_TIMEOUT_MS = 20_000;

/** Registers one backend, with its binaries in the folder `wasmPath`; the others stay unloaded. */
const BACKENDS = {
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
  wasm: async (wasmPath) => {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(wasmPath);
  },
  dynconv: async (wasmPath) => {
    const { setWasmPaths } = await import('../../src/index.js');
    setWasmPaths(wasmPath);
  },
};

/**
 * Runs the suite, or some of its specs.
 *
 * @param {object} options
 * @param {'cpu' | 'wasm' | 'dynconv'} options.backend the backend under test
 * @param {string} options.wasmPath the folder (with a slash at its end) with its binaries
 * @param {string[]} [options.only] full names of the specs to run; by default all run
 * @param {(done: number) => void} [options.onSpec] called after each spec
 * @returns {Promise<{name: string, status: string, message: string}[]>} in the order they ran; names
 *   may repeat
 */
export async function runSuite({ backend, wasmPath, only, onSpec = () => {} }) {
  const jasmine = jasmineRequire.core(jasmineRequire);
  const jasmineEnv = jasmine.getEnv();
  Object.assign(globalThis, jasmineRequire.interface(jasmine, jasmineEnv));
  jasmine.DEFAULT_TIMEOUT_INTERVAL = SPEC_TIMEOUT_MS;

  const wanted = only && new Set(only);
  jasmineEnv.configure({
    random: false,
    forbidDuplicateNames: false,
    ...(wanted && { specFilter: (spec) => wanted.has(spec.getFullName()) }),
  });

  await BACKENDS[backend](wasmPath);
  const { setTestEnvs } = await import('@tensorflow/tfjs-core/dist/jasmine_util');
  // One name for every backend: it becomes part of the specs' names, which are compared.
  setTestEnvs([{ name: 'backend', backendName: backend, isDataSync: true }]);
  await import('@tensorflow/tfjs-core/dist/tests');

  const results = [];
  jasmineEnv.addReporter({
    specDone({ fullName, status, failedExpectations }) {
      if (status !== 'excluded') {
        const message = failedExpectations[0]?.message ?? '';
        results.push({ name: fullName, status, message: message.slice(0, 500) });
        onSpec(results.length);
      }
    },
  });
  await jasmineEnv.execute();
  return results;
}
