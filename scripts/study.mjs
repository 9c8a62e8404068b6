/** Runs the study of the mapping explorer. */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { readArguments } from './lib/arguments.mjs';
import { BUILD, inRoot, ROOT } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

const USAGE = `npm run study -- [OPTIONS]

Writes docs/mapping-study.md and its figures again; takes some 15 s on one core.

  --out FOLDER   the folder in which docs/ is written (default: the project)
  --help         print this`;

const { out } = readArguments(USAGE, { options: { out: { type: 'string', default: '.' } } });
await ensureDependencies();
// The specs run the study, too, while others may.
const outfile = `${BUILD}/study/main-${process.pid}.mjs`;
await build({
  absWorkingDir: ROOT,
  entryPoints: [inRoot('study/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  packages: 'external',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
try {
  await run(process.execPath, [outfile, '--out', out]);
} finally {
  await rm(outfile, { force: true });
}
