/**
 * The tests, in stages.
 *
 *     node scripts/test.mjs                   everything, as `npm test` does
 *     node scripts/test.mjs STAGE [ARGS...]   one stage: node, browser, suite, package, fuzz,
 *                                           python
 *
 * Sets up what is missing first. What failed is named once more at the end, and the last line is
 * `N passed, N failed`, over all stages.
 */
import { inRoot } from './lib/paths.mjs';
import { run, runBin } from './lib/run.mjs';
import { ensureBuilt, ensureDependencies } from './lib/setup.mjs';

/** The stages, and the build steps whose results they use. */
const STAGES = {
  node: ['kernels', 'worker', 'library', 'mapping', 'cli'],
  browser: ['kernels', 'worker'],
  suite: ['kernels', 'worker'],
  package: ['kernels', 'worker', 'library', 'mapping', 'cli', 'types'],
  fuzz: ['kernels', 'worker', 'library', 'mapping', 'cli'],
  python: [],
};

/** Where circles and upward imports are looked for, by the rules of .dependency-cruiser.mjs. */
const IMPORTERS = ['src', 'kernels/command.ts', 'cli/src', 'models/evaluate', 'bench'];

/** What the sources must hold to, besides the stages; each resolves to an exit code. */
const CHECKS = {
  lint: () => runBin('eslint', ['.'], { check: false }),
  format: () => runBin('prettier', ['--check', '--log-level', 'warn', '.'], { check: false }),
  types: () => runBin('tsc', ['--noEmit'], { check: false }),
  imports: () => runBin('depcruise', IMPORTERS, { check: false }),
};

/** Runs a stage and prints how long it took. */
async function timed(name, action) {
  console.log(`\n=== ${name}`);
  const start = performance.now();
  const result = await action();
  console.log(`=== ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

const [only, ...args] = process.argv.slice(2);
if (only !== undefined && !(only in STAGES)) {
  console.error(`There is no stage "${only}": expected one of ${Object.keys(STAGES).join(', ')}.`);
  process.exit(2);
}
const total = { passed: 0, failed: 0 };
const failures = [];
try {
  await ensureDependencies();
  if (only === undefined) {
    await timed('build', () => run(process.execPath, [inRoot('scripts/build.mjs')]));
    for (const [name, check] of Object.entries(CHECKS)) {
      const code = await timed(name, check);
      total[code === 0 ? 'passed' : 'failed']++;
      if (code !== 0) failures.push(name);
    }
  } else if (STAGES[only].length > 0) {
    await ensureBuilt(...STAGES[only]);
  }
  for (const stage of Object.keys(STAGES)) {
    if (only === undefined || only === stage) {
      const { runStage } = await import(`./stages/${stage}.mjs`);
      const result = await timed(stage, () => runStage(args));
      total.passed += result.passed;
      total.failed += result.failed;
      // A stage that does not name its failures is named itself.
      const names = result.failures ?? (result.failed > 0 ? [`${result.failed} of its tests`] : []);
      failures.push(...names.map((name) => `${stage}: ${name}`));
    }
  }
} catch (error) {
  console.error(error);
  total.failed++;
  failures.push(String(error));
}
for (const failure of failures) {
  console.log(`failed: ${failure}`);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
