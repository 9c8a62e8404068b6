/**
 * The main job: sets up what is missing, then runs `dynconv pose` on the photograph that ships with
 * the project. Further arguments go to `dynconv pose`.
 */
import { inRoot } from './lib/paths.mjs';
import { nodeFlags, run } from './lib/run.mjs';
import { ensureBuilt, ensureDependencies } from './lib/setup.mjs';

await ensureDependencies();
await ensureBuilt();
process.exitCode = await run(
  process.execPath,
  [...nodeFlags(), inRoot('cli/bin/dynconv.mjs'), 'pose', ...process.argv.slice(2)],
  { check: false },
);
