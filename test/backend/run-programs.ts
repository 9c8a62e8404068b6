/*
 * Runs random programs of all kernels in batches, in Node; scripts/programs.mjs bundles and starts it.
 */
import '../../src/index.js';
import { setWasmPaths } from '../../src/memory/location.js';
import { assetUrl } from '../support/environment.js';
import { checkKernelPrograms } from './kernel-programs.js';

const BATCH = 500;
/** More failures say nothing new. */
const MOST_FAILURES = 10;

const { count, seed } = JSON.parse(process.argv[2]) as { count: number; seed: number };
setWasmPaths(assetUrl('dist/'));
let failures = 0;
const start = performance.now();
for (let done = 0; done < count && failures < MOST_FAILURES;) {
  const batch = Math.min(BATCH, count - done);
  const batchSeed = seed + done / BATCH;
  const result = await checkKernelPrograms({ count: batch, seed: batchSeed });
  if (result.failed) {
    failures++;
    console.log(`seed ${batchSeed}, path ${result.counterexamplePath ?? ''}:`);
    console.log(`  ${JSON.stringify(result.counterexample?.[0])}`);
    console.log(`  ${String((result.errorInstance as Error | null)?.stack)}`);
  }
  done += batch;
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${done} of ${count} programs, ${failures} batches with a failure, ${seconds} s`);
}
process.exit(failures === 0 ? 0 : 1);
