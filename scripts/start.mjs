/**
 * The main job: sets up what is missing, then runs `dynconv pose` on the photographs that ship with
 * the project, with MoveNet, whose joints are the best, and with the ResNet hourglass, which skips the most.
 * With arguments it runs `dynconv pose` once, with those.
 */
import { inRoot } from './lib/paths.mjs';
import { nodeFlags, run } from './lib/run.mjs';
import { ensureBuilt, ensureDependencies } from './lib/setup.mjs';

const NETWORKS = ['movenet-thunder', 'hourglass-resnet'];

/** Runs `dynconv pose`; resolves to its exit code. */
const pose = (...args) =>
  run(process.execPath, [...nodeFlags(), inRoot('cli/bin/dynconv.mjs'), 'pose', ...args], {
    check: false,
  });

await ensureDependencies();
await ensureBuilt();
const args = process.argv.slice(2);
if (args.length > 0) {
  process.exitCode = await pose(...args);
} else {
  for (const network of NETWORKS) {
    console.log(`\n=== ${network}\n`);
    process.exitCode ||= await pose('--network', network, '--out', `pictures/${network}`);
  }
}
