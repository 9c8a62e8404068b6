/**
 * Runs random programs of all kernels against the cpu backend, as the specs do, but more of them:
 *
 *     npm run programs -- --count 20000 --seed 1
 *
 * Prints how far it is, and each smallest program that fails, with the seed that makes it again.
 */
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { bundleOptions } from './lib/bundle-specs.mjs';
import { BUILD, inRoot } from './lib/paths.mjs';
import { nodeFlags, run } from './lib/run.mjs';
import { ensureBuilt, ensureDependencies } from './lib/setup.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run programs -- [--count N] [--seed S]

Runs N random programs of all kernels (default 2000) on dynconv and on the cpu backend, and says where they differ.`);
  process.exit(0);
}
const order = {};
for (const name of ['count', 'seed']) {
  const text = values[name];
  order[name] = Number(text);
  if (!/^\d+$/.test(text)) {
    console.error(`--${name} is "${text}": expected a whole number.`);
    process.exit(2);
  }
}
await ensureDependencies();
await ensureBuilt('kernels', 'worker');
const folder = `${BUILD}/programs`;
await build({
  ...bundleOptions('node'),
  entryPoints: [inRoot('test/backend/run-programs.ts')],
  outdir: folder,
});
process.exitCode = await run(
  process.execPath,
  [...nodeFlags(), `${folder}/backend/run-programs.mjs`, JSON.stringify(order)],
  { check: false },
);
