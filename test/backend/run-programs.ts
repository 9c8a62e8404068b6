/*
 * Runs random programs of a kind in batches, in Node; scripts/programs.mjs bundles and starts it.
 */
import * as tf from '@tensorflow/tfjs-core';
import '../../src/index.js';
import { setWasmPaths } from '../../src/memory/location.js';
import { checkNetworks } from '../networks/check-networks.js';
import { checkSessions } from '../sessions/check-sessions.js';
import { assetUrl } from '../support/environment.js';
import { checkKernelPrograms } from './kernel-programs.js';

const KINDS = {
  programs: { check: checkKernelPrograms, batchSize: 500 },
  sessions: { check: checkSessions, batchSize: 100 },
  networks: { check: checkNetworks, batchSize: 50 },
};
/** More failures say nothing new. */
const MOST_FAILURES = 10;

interface Order {
  kind: keyof typeof KINDS;
  count: number;
  seed: number;
}

const { kind, count, seed } = JSON.parse(process.argv[2]) as Order;
const { check, batchSize } = KINDS[kind];
setWasmPaths(assetUrl('dist/'));
const lanes = process.env.DYNCONV_LANES;
if (lanes) tf.env().set('DYNCONV_LANES', Number(lanes));
let failures = 0;
const start = performance.now();
for (let done = 0; done < count && failures < MOST_FAILURES;) {
  const batch = Math.min(batchSize, count - done);
  const batchSeed = seed + done / batchSize;
  const result = await check({ count: batch, seed: batchSeed });
  if (result.failed) {
    failures++;
    console.log(`seed ${batchSeed}, path ${result.counterexamplePath ?? ''}:`);
    console.log(`  ${JSON.stringify(result.counterexample?.[0])}`);
    console.log(`  ${String((result.errorInstance as Error | null)?.stack)}`);
  }
  done += batch;
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${done} of ${count} ${kind}, ${failures} batches with a failure, ${seconds} s`);
}
process.exit(failures === 0 ? 0 : 1);
