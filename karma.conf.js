import { CHROMIUM_FLAGS } from './scripts/lib/chromium.mjs';
import { specsReporter } from './scripts/lib/karma-reporter.mjs';
import { ROOT } from './scripts/lib/paths.mjs';

/** Headers that make a page cross-origin isolated, so that it has SharedArrayBuffer. */
const ISOLATION = [
  { match: '.*', name: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { match: '.*', name: 'Cross-Origin-Embedder-Policy', value: 'require-corp' },
];

const served = (pattern) => ({ pattern, included: false, watched: false });

/**
 * Karma's configuration: the bundled specs, once, in headless Chromium.
 *
 * @param {object} options
 * @param {boolean} options.isolated whether the page is cross-origin isolated
 * @param {string[]} options.args further arguments for mocha
 */
export const karmaConfig = ({ isolated, args }) => ({
  basePath: ROOT,
  port: 9876,
  frameworks: ['mocha'],
  plugins: ['karma-mocha', 'karma-chrome-launcher', specsReporter],
  files: [
    { pattern: 'build/test/browser/support/setup.mjs', type: 'module' },
    { pattern: 'build/test/browser/**/*.test.mjs', type: 'module' },
    ...['build/test/browser/**/*', 'dist/*', 'hardware/**/*', 'models/**/*'].map(served),
    served('node_modules/@tensorflow/tfjs-backend-wasm/dist/*.wasm'),
  ],
  mime: { 'text/javascript': ['mjs'], 'application/wasm': ['wasm'] },
  customHeaders: isolated ? ISOLATION : [],
  client: { isolated, args, lanes: process.env.DYNCONV_LANES, mocha: { timeout: 60_000 } },
  browsers: ['Chromium'],
  customLaunchers: { Chromium: { base: 'ChromiumHeadless', flags: CHROMIUM_FLAGS } },
  reporters: ['specs'],
  logLevel: 'WARN',
  browserNoActivityTimeout: 120_000,
  captureTimeout: 120_000,
  singleRun: true,
  autoWatch: false,
});
