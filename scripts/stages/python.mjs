import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { junitTotals } from '../lib/junit.mjs';
import { BUILD, inRoot } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { ensurePythonEnvironment } from '../lib/setup.mjs';

const RESULTS = `${BUILD}/results/pytest.xml`;
const MODELS = inRoot('models');
const TIME_LIMIT_MS = 12 * 60_000;

/** What the Python sources must hold to, besides the tests. */
const CHECKS = {
  ruff: ['-m', 'ruff', 'check', '.'],
  mypy: ['-m', 'mypy', 'dynconv_models', 'torch_trainer'],
};

/** Runs pytest; its exit code counts, too, lest a run that broke off pass for a short one. */
async function runTests(python, args) {
  mkdirSync(`${BUILD}/results`, { recursive: true });
  rmSync(RESULTS, { force: true });
  const code = await run(python, ['-m', 'pytest', '--quiet', `--junitxml=${RESULTS}`, ...args], {
    cwd: MODELS,
    env: { TF_CPP_MIN_LOG_LEVEL: '2' },
    timeoutMs: TIME_LIMIT_MS,
    check: false,
  });
  if (!existsSync(RESULTS)) {
    throw new Error(`pytest ended early, with exit code ${code}`);
  }
  const totals = junitTotals(readFileSync(RESULTS, 'utf8'));
  if (code !== 0 && totals.failed === 0) {
    throw new Error(`pytest ended with exit code ${code} though no test failed`);
  }
  return totals;
}

/**
 * Tests the models' Python package in an environment of its own, and checks its sources.
 *
 * @param {string[]} args further arguments for pytest, such as `-k NAME`; the sources are then not
 *   checked
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runStage(args) {
  const python = await ensurePythonEnvironment();
  const total = { passed: 0, failed: 0 };
  for (const [name, command] of args.length === 0 ? Object.entries(CHECKS) : []) {
    console.log(name);
    const code = await run(python, command, { cwd: MODELS, check: false });
    total[code === 0 ? 'passed' : 'failed']++;
  }
  const { passed, failed } = await runTests(python, args);
  return { passed: total.passed + passed, failed: total.failed + failed };
}
