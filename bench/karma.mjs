import karma from 'karma';
import { karmaConfig } from '../karma.conf.js';
import { ensureChromium } from '../scripts/lib/setup.mjs';

/** A run on the cpu backend keeps the page busy for a minute, without a word. */
const SILENCE_MS = 10 * 60_000;

const SERVED = ['build/bench/picture.bin', 'dist/*', 'models/**/*'];
const PEERS = 'build/peers/node_modules';
const SERVED_TO_PEERS = [
  'build/bench/peers/*',
  `${PEERS}/onnxruntime-web/dist/ort*wasm*`,
  `${PEERS}/@litertjs/core/wasm/*`,
];

/** A reporter that says nothing: what the page says is printed as it comes. */
function quietReporter() {
  this.adapters = [];
}

/**
 * Runs a benchmark in a headless Chromium, through Karma.
 *
 * The page is cross-origin isolated, so that dynconv has lanes.
 *
 * @param {{benchmark: string, runs?: number, cpuRuns?: number, lanes?: number, peers: boolean,
 *   'plain-simd': boolean}} options what to
 *   run, how much, and how
 * @returns {Promise<{document: object, text: string}>} the results, for programs and for people
 * @throws {Error} if the page could not run it to its end
 */
export async function benchInChromium({ 'plain-simd': plainSimd, ...options }) {
  process.env.CHROMIUM_BIN = await ensureChromium();
  const served = [...SERVED, ...(options.peers ? SERVED_TO_PEERS : [])].map((pattern) => ({
    pattern,
    included: false,
    watched: false,
  }));
  const config = await karma.config.parseConfig(
    null,
    {
      ...karmaConfig({ isolated: true, args: [] }),
      frameworks: [],
      plugins: ['karma-chrome-launcher', { 'reporter:quiet': ['type', quietReporter] }],
      reporters: ['quiet'],
      files: [{ pattern: 'build/bench/browser/karma-adapter.js', type: 'module' }, ...served],
      client: {
        captureConsole: false,
        bench: {
          ...options,
          plainSimd,
          wasmFolder: '/base/dist/',
          model: '/base/models/mobilenetv2-hourglass-s0125/model.json',
          picture: '/base/build/bench/picture.bin',
          peers: options.peers && {
            onnxRuntime: `/base/${PEERS}/onnxruntime-web/dist/ort.wasm.bundle.min.mjs`,
            liteRt: '/base/build/bench/peers/litert.mjs',
            liteRtWasm: `/base/${PEERS}/@litertjs/core/wasm/`,
            models: '/base/build/bench/peers',
          },
        },
      },
      browserNoActivityTimeout: SILENCE_MS,
      pingTimeout: SILENCE_MS,
    },
    { promiseConfig: true, throwErrors: true },
  );
  return new Promise((resolve, reject) => {
    let results;
    const server = new karma.Server(config, () => {
      reject(new Error('Karma ended before the benchmark was done.'));
    });
    server.on('browser_info', (browser, { said, result }) => {
      if (said) console.error(said);
      if (result) results = result;
    });
    server.on('browser_error', (browser, error) => {
      reject(new Error(`The page failed: ${error.message ?? error}`));
    });
    server.on('run_complete', () => {
      if (results) resolve(results);
      else reject(new Error('The page gave no results.'));
    });
    server.start().catch(reject);
  });
}
