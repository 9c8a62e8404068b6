/** Puts one fault after the other into a copy of the sources, and sees which spec tells of it first. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { readArguments } from './lib/arguments.mjs';
import { MUTATIONS } from './lib/mutations.mjs';
import { BUILD, inRoot, ROOT } from './lib/paths.mjs';
import { nodeFlags } from './lib/run.mjs';
import { ensureBuilt, ensureDependencies } from './lib/setup.mjs';

const USAGE = `npm run mutate -- [OPTIONS]

Puts one fault after the other into a copy of the sources, and prints which spec tells of it first:
all of scripts/lib/mutations.mjs, and writes docs/mutations.md.

  --only 3,7     some of them, by number; prints only
  --help         print this

Exit codes: 0; 1 when no spec saw one of them; 2 for a wrong option.`;

const COPY = `${BUILD}/mutant`;
/** What runs on a mutant, the quick ones first; the rest tests the command and the mapping explorer. */
const SPECS = ['kernels', 'memory', 'graph', 'backend', 'arrays', 'sessions', 'networks'];
const TIME_LIMIT_MS = 8 * 60_000;

/** A copy of the tracked files with what is built of them. */
function makeCopy() {
  rmSync(COPY, { recursive: true, force: true });
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of files.split('\n').filter((name) => name && existsSync(inRoot(name)))) {
    mkdirSync(dirname(`${COPY}/${file}`), { recursive: true });
    cpSync(inRoot(file), `${COPY}/${file}`);
  }
  cpSync(inRoot('dist'), `${COPY}/dist`, { recursive: true });
  symlinkSync(inRoot('node_modules'), `${COPY}/node_modules`);
}

const inCopy = (args) =>
  spawnSync(process.execPath, args, { cwd: COPY, encoding: 'utf8', timeout: TIME_LIMIT_MS });

/** The first spec that fails on the copy as it is, with another `file`; null where all pass. */
function firstToFail(file) {
  const isKernel = file.startsWith('kernels/');
  if (isKernel && inCopy(['scripts/build.mjs', 'kernels']).status !== 0)
    return 'it does not compile';
  const bundle = inCopy([
    ...['--input-type=module', '-e'],
    "const { bundleSpecs } = await import('./scripts/lib/bundle-specs.mjs'); await bundleSpecs('node');",
  ]);
  if (bundle.status !== 0) return 'it does not compile';
  for (const folder of SPECS) {
    const specs = 'build/test/node';
    const { status, stdout, signal } = inCopy([
      ...[...nodeFlags(), inRoot('node_modules/mocha/bin/mocha.js'), '--exit', '--bail'],
      ...['--reporter', 'json', '--file', `${specs}/support/setup.mjs`],
      `${specs}/${folder}/**/*.test.mjs`,
    ]);
    if (status === 0) continue;
    const report = stdout.slice(stdout.indexOf('{\n'));
    try {
      return `${folder}: ${JSON.parse(report).failures[0].fullTitle}`;
    } catch {
      return `${folder}: the process ends (${signal ?? `exit code ${status}`})`;
    }
  }
  return null;
}

const wanted = readArguments(USAGE, { options: { only: { type: 'string' } } }, ({ values }) => {
  const numbers = values.only?.split(',').map(Number);
  const wrong = numbers?.find((number) => !(number - 1 in MUTATIONS));
  if (wrong !== undefined) {
    throw new Error(`--only ${values.only}: numbers from 1 to ${MUTATIONS.length} are needed.`);
  }
  return numbers;
});
await ensureDependencies();
await ensureBuilt('kernels', 'worker');
makeCopy();
const found = firstToFail('');
if (found) throw new Error(`without any fault a spec fails: ${found}`);
console.log('without any fault all specs pass');
const rows = [];
for (const [index, { what, file, from, to }] of MUTATIONS.entries()) {
  const number = index + 1;
  if (wanted && !wanted.includes(number)) continue;
  const source = readFileSync(inRoot(file), 'utf8');
  if (source.split(from).length !== 2) {
    throw new Error(`${file} should say this once: ${from}`);
  }
  const start = performance.now();
  writeFileSync(
    `${COPY}/${file}`,
    source.replace(from, () => to),
  );
  const seen = firstToFail(file);
  writeFileSync(`${COPY}/${file}`, source);
  if (file.startsWith('kernels/')) cpSync(inRoot('dist'), `${COPY}/dist`, { recursive: true });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${number}/${MUTATIONS.length} ${what}: ${seen ?? 'NOT SEEN'} (${seconds} s)`);
  rows.push({ number, what, file, seen });
}
const missed = rows.filter(({ seen }) => !seen).length;
console.log(`${rows.length - missed} of ${rows.length} seen`);
if (!wanted) {
  const lines = rows.map(
    ({ number, what, file, seen }) =>
      `| ${number} | ${what} | \`${file}\` | ${seen ?? '**none**'} |`,
  );
  writeFileSync(
    inRoot('docs/mutations.md'),
    `# Mutations

What the specs see: \`npm run mutate\` puts these faults (\`scripts/lib/mutations.mjs\`) into a copy of the sources,
one at a time, runs the specs until one fails, and writes this table. ${rows.length - missed} of ${rows.length} are seen.

| | fault | file | the first spec to fail |
| --- | --- | --- | --- |
${lines.join('\n')}
`,
  );
}
process.exitCode = missed === 0 ? 0 : 1;
