/**
 * Predicts thousands of times while workers are killed at random moments.
 *
 *     npm run test:soak -- [PREDICTIONS]      by default 10,000
 */
import { ensureBuilt, ensureDependencies } from './lib/setup.mjs';

const [predictions = '10000'] = process.argv.slice(2);
if (!/^[1-9]\d*$/.test(predictions)) {
  console.error(`How many predictions? Not "${predictions}".`);
  process.exit(2);
}
process.env.SOAK_PREDICTIONS = predictions;
await ensureDependencies();
await ensureBuilt('kernels', 'worker');
const { runStage } = await import('./stages/node.mjs');
const { passed, failed } = await runStage(['--grep', 'workers that die', '--timeout', '0']);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
