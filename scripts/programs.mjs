/**
 * Runs random programs, as the specs do, but more of them:
 *
 *     npm run programs -- --kind sessions --count 20000 --seed 1
 *
 * Prints how far it is, and each smallest program that fails, with the seed that makes it again.
 */
import { build } from 'esbuild';
import { readArguments } from './lib/arguments.mjs';
import { bundleOptions } from './lib/bundle-specs.mjs';
import { BUILD, inRoot } from './lib/paths.mjs';
import { nodeFlags, run } from './lib/run.mjs';
import { ensureBuilt, ensureDependencies } from './lib/setup.mjs';

const KINDS = ['programs', 'sessions', 'networks'];
const USAGE = `npm run programs -- [OPTIONS]

Runs random programs, and says where they differ.

  --kind KIND    programs (default): of all kernels, on dynconv and on the cpu backend
                 sessions: captured functions, weights that change, reads at random moments; likewise
                 networks: with masks, under random unrolling tables, on one lane and on several
  --count N      how many (2000)
  --seed S       the first seed (1)
  --help         print this

The environment variable DYNCONV_LANES says on how many lanes programs and sessions run.
Exit codes: 0; 1 when one of them fails; 2 for a wrong option.`;

const options = {
  kind: { type: 'string', default: 'programs' },
  count: { type: 'string', default: '2000' },
  seed: { type: 'string', default: '1' },
};
const order = readArguments(USAGE, { options }, ({ values: { kind, count, seed } }) => {
  if (!KINDS.includes(kind))
    throw new Error(`--kind ${kind}: one of ${KINDS.join(', ')} is needed.`);
  for (const [name, text] of Object.entries({ count, seed })) {
    if (!/^\d+$/.test(text)) throw new Error(`--${name} ${text}: a whole number is needed.`);
  }
  return { kind, count: Number(count), seed: Number(seed) };
});
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
