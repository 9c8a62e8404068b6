import { fork } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { BUILD, ROOT } from '../lib/paths.mjs';
import { nodeFlags } from '../lib/run.mjs';

const FOLDER = `${BUILD}/fuzz`;
/** What is broken, each with a program of its own in test/fuzz/. */
const KINDS = ['pose', 'mapping'];
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
function runProcess(kind, first, count, deadline) {
  return new Promise((resolve, reject) => {
    const order = { root: ROOT, folder: `${FOLDER}/${kind}/case`, first, count };
    const child = fork(`${FOLDER}/${kind}-child.mjs`, [JSON.stringify(order)], {
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
 * Runs cases of one kind until the time is over or there are no more.
 *
 * @returns {Promise<{passed: number, failed: number}>}
 */
async function runKind(kind, { seed, count, seconds }) {
  const deadline = performance.now() + seconds * 1000;
  const total = { passed: 0, failed: 0 };
  let [next, accepted] = [seed, 0];
  while (performance.now() < deadline && next < seed + count && total.failed < MOST_FAILURES) {
    const cases = Math.min(CASES_PER_PROCESS, seed + count - next);
    const result = await runProcess(kind, next, cases, deadline);
    total.passed += result.done;
    accepted += result.accepted;
    next += result.done;
    if (result.failure) {
      const { seed: failed, changes, error } = result.failure;
      total.failed++;
      next++;
      cpSync(`${FOLDER}/${kind}/case`, `${FOLDER}/${kind}/${failed}`, { recursive: true });
      console.log(
        `  ✘ ${kind} ${failed} (${changes.join('; ')}), kept in build/fuzz/${kind}/${failed}\n    ${error}`,
      );
    }
  }
  const refused = total.passed - accepted;
  console.log(`  ${kind}: ${total.passed} cases: ${accepted} ran, ${refused} were refused`);
  return total;
}

/**
 * Runs `dynconv pose` on broken models and images, and `dynconv map` and `simulate` on broken
 * hardware, mappings, workloads and models: whatever they are, the command must run them, or refuse
 * them with a message for its caller; `map` and `simulate` with the file and the line.
 *
 * @param {string[]} args `--seconds N` (default 60), for all kinds together; `--seed N`, where to begin
 *   (default 1); `--count N`, to stop after so many cases of a kind; `--kind pose|mapping`, for one only
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runStage(args) {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: 'Infinity' },
      kind: { type: 'string' },
    },
  });
  const kinds = values.kind === undefined ? KINDS : [values.kind];
  if (!kinds.every((kind) => KINDS.includes(kind))) {
    throw new Error(
      `There are no cases of the kind ${values.kind}: expected ${KINDS.join(' or ')}.`,
    );
  }
  const [seconds, seed, count] = [values.seconds, values.seed, values.count].map(Number);
  rmSync(FOLDER, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: KINDS.map((kind) => `test/fuzz/${kind}-child.ts`),
    outdir: FOLDER,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    packages: 'external',
    tsconfigRaw: {},
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const total = { passed: 0, failed: 0 };
  for (const kind of kinds) {
    const share = { seed, count, seconds: seconds / kinds.length };
    const { passed, failed } = await runKind(kind, share);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}
