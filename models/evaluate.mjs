/**
 * Evaluates the trained models after their conversion, on `dynconv`:
 *
 *     node models/evaluate.mjs [NAME...] [--data FOLDER] [--reference FOLDER] [--latency FILE] [--json]
 *
 * `--help` tells the rest. The program is models/evaluate/: it decodes joints and loads models as
 * `dynconv pose` does. This bundles it and runs it, with the library as published, in a fresh Node.
 */
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import { BUILD, inRoot, ROOT } from '../scripts/lib/paths.mjs';
import { nodeFlags } from '../scripts/lib/run.mjs';

const PROGRAM = `${BUILD}/models/evaluate.mjs`;

/** Runs Node to its end; exits as it did if it failed. */
function node(args, stdout) {
  const { status, error } = spawnSync(process.execPath, args, {
    stdio: ['ignore', stdout, 'inherit'],
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

// What the build prints goes to stderr, for stdout may be read as JSON.
node([inRoot('scripts/build.mjs'), '--stale', 'kernels', 'library'], 2);
await build({
  absWorkingDir: ROOT,
  entryPoints: ['models/evaluate/main.ts'],
  outfile: PROGRAM,
  bundle: true,
  platform: 'node',
  packages: 'external',
  // Or else the library would be taken from where TypeScript finds it, in src/.
  tsconfigRaw: {},
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
});
node([...nodeFlags(), PROGRAM, ...process.argv.slice(2)], 'inherit');
