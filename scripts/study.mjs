/**
 * Runs the study of the mapping explorer, which writes docs/mapping-study.md and its figures:
 *
 *     node scripts/study.mjs [--out FOLDER]      the project by default; some 15 s on one core
 */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { BUILD, inRoot, ROOT } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

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
  await run(process.execPath, [outfile, ...process.argv.slice(2)]);
} finally {
  await rm(outfile, { force: true });
}
