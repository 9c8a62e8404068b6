import { fork } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { BUILD, ROOT } from '../lib/paths.mjs';
import { nodeFlags } from '../lib/run.mjs';

const FOLDER = `${BUILD}/fuzz`;
const PROGRAM = `${FOLDER}/child.mjs`;
/** A process is replaced after so many cases, for models that fail to load leave weights behind. */
const CASES_PER_PROCESS = 200;
/** Longer, and a case counts as hanging. */
const CASE_LIMIT_MS = 30_000;
/** More failures say nothing new. */
const MOST_FAILURES = 20;

/**
 * Runs cases in a process until they are through, one fails, or the time is over.
 *
 * @returns {Promise<{done: number, accepted: number, failure?: {seed: number, changes: string[], error: string}}>}
 */
function runProcess(first, count, deadline) {
  return new Promise((resolve, reject) => {
    const order = { root: ROOT, folder: `${FOLDER}/case`, first, count };
    const child = fork(PROGRAM, [JSON.stringify(order)], {
      execArgv: nodeFlags(),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let current;
    let [done, accepted] = [0, 0];
    let error = '';
    let over = false;
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        error = `it was not done after ${CASE_LIMIT_MS / 1000} s`;
        child.kill('SIGKILL');
      }, CASE_LIMIT_MS);
    };
    watch();
    child.on('message', (message) => {
      watch();
      if (message.changes) {
        current = message;
      } else if (message.outcome === 'failed') {
        error = message.error;
      } else {
        current = undefined;
        done++;
        accepted += message.outcome === 'accepted' ? 1 : 0;
        over = performance.now() > deadline;
        if (over) child.kill('SIGKILL');
      }
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      // What was begun when the time was over does not count.
      if (over || (code === 0 && !current)) return resolve({ done, accepted });
      if (!current)
        return reject(new Error(`the fuzzer's process ended with ${signal ?? code}: ${error}`));
      resolve({
        done,
        accepted,
        failure: { ...current, error: error || `it was ended by ${signal ?? code}` },
      });
    });
  });
}

/**
 * Runs `dynconv pose` on broken models and images: whatever they are, it must run them, or refuse
 * them with a message for its caller.
 *
 * @param {string[]} args `--seconds N` (default 60); `--seed N`, where to begin (default 1);
 *   `--count N`, to stop after so many cases
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runStage(args) {
  const { values } = parseArgs({
    args,
    options: { seconds: { type: 'string' }, seed: { type: 'string' }, count: { type: 'string' } },
  });
  const [seconds, seed, count] = [
    values.seconds ?? 60,
    values.seed ?? 1,
    values.count ?? Infinity,
  ].map(Number);
  rmSync(FOLDER, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['test/fuzz/child.ts'],
    outfile: PROGRAM,
    bundle: true,
    platform: 'node',
    packages: 'external',
    tsconfigRaw: {},
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const deadline = performance.now() + seconds * 1000;
  const total = { passed: 0, failed: 0 };
  let [next, accepted] = [seed, 0];
  while (performance.now() < deadline && next < seed + count && total.failed < MOST_FAILURES) {
    const cases = Math.min(CASES_PER_PROCESS, seed + count - next);
    const result = await runProcess(next, cases, deadline);
    total.passed += result.done;
    accepted += result.accepted;
    next += result.done;
    if (result.failure) {
      const { seed: failed, changes, error } = result.failure;
      total.failed++;
      next++;
      cpSync(`${FOLDER}/case`, `${FOLDER}/${failed}`, { recursive: true });
      console.log(
        `  ✘ case ${failed} (${changes.join('; ')}), kept in build/fuzz/${failed}\n    ${error}`,
      );
    }
  }
  console.log(`  ${total.passed} cases: ${accepted} ran, ${total.passed - accepted} were refused`);
  return total;
}
