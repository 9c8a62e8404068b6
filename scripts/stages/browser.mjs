import karma from 'karma';
import { karmaConfig } from '../../karma.conf.js';
import { failureLine } from '../lib/failure-line.cjs';
import { bundleSpecs } from '../lib/bundle-specs.mjs';
import { ensureChromium } from '../lib/setup.mjs';

/** Runs the bundled specs once in Karma and headless Chromium. */
async function runKarma(options) {
  const config = await karma.config.parseConfig(null, karmaConfig(options), {
    promiseConfig: true,
    throwErrors: true,
  });
  return new Promise((resolve, reject) => {
    const failures = [];
    const server = new karma.Server(config, (code) =>
      reject(new Error(`Karma ended early, with exit code ${code}`)),
    );
    server.on('spec_complete', (_, { suite, description, success: passed, skipped, log }) => {
      if (!passed && !skipped) {
        failures.push(failureLine([...suite, description].join(' '), log.join(' ')));
      }
    });
    server.on('run_complete', (browsers, { success, failed, error, disconnected }) => {
      if (success + failed === 0 || (failed === 0 && (error || disconnected))) {
        reject(new Error('Karma could not run the specs to their end in Chromium'));
      } else {
        resolve({ passed: success, failed, failures });
      }
    });
    server.start().catch(reject);
  });
}

/**
 * Runs the specs in headless Chromium, once cross-origin isolated and once not.
 *
 * @param {string[]} args further arguments for mocha, such as `--grep`
 * @returns {Promise<{passed: number, failed: number, failures: string[]}>} over both runs
 */
export async function runStage(args) {
  await bundleSpecs('browser');
  process.env.CHROMIUM_BIN = await ensureChromium();
  const total = { passed: 0, failed: 0, failures: [] };
  for (const isolated of [true, false]) {
    console.log(`specs in Chromium, ${isolated ? '' : 'not '}cross-origin isolated`);
    const { passed, failed, failures } = await runKarma({ isolated, args });
    total.passed += passed;
    total.failed += failed;
    total.failures.push(...failures);
  }
  return total;
}
