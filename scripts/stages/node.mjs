import { existsSync, readFileSync, rmSync } from 'node:fs';
import { bundleSpecs } from '../lib/bundle-specs.mjs';
import { BUILD, inRoot } from '../lib/paths.mjs';
import { nodeFlags, run } from '../lib/run.mjs';

const TIME_LIMIT_MS = 10 * 60_000;

/** The command line of mocha in Node, on the specs in `folder`. */
export function mochaCommand(folder, args = []) {
  return [
    ...nodeFlags(),
    inRoot('node_modules/mocha/bin/mocha.js'),
    '--file',
    `${folder}/support/setup.mjs`,
    `${folder}/**/*.test.mjs`,
    ...args,
  ];
}

/**
 * Runs the specs in Node.
 *
 * @param {string[]} args further arguments for mocha, such as `--grep`
 * @returns {Promise<{passed: number, failed: number, failures: string[]}>}
 */
export async function runStage(args) {
  const folder = await bundleSpecs('node');
  const totalsFile = `${BUILD}/test/node-totals.json`;
  rmSync(totalsFile, { force: true });
  const code = await run(
    process.execPath,
    mochaCommand(folder, ['--reporter', inRoot('scripts/lib/totals-reporter.cjs'), ...args]),
    { env: { TOTALS_FILE: totalsFile }, timeoutMs: TIME_LIMIT_MS, check: false },
  );
  if (!existsSync(totalsFile)) {
    throw new Error(`mocha ended early, with exit code ${code}`);
  }
  const totals = JSON.parse(readFileSync(totalsFile, 'utf8'));
  if (code !== 0 && totals.failed === 0) {
    throw new Error(`mocha ended with exit code ${code} though no spec failed`);
  }
  return totals;
}
