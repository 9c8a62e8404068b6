/**
 * Runs the study of the mapping explorer, which writes docs/mapping-study.md and its figures:
 *
 *     node scripts/study.mjs
 */
import { build } from 'esbuild';
import { BUILD, inRoot, ROOT } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

await ensureDependencies();
const outfile = `${BUILD}/study/main.mjs`;
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
await run(process.execPath, [outfile]);
