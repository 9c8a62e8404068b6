/**
 * Damages hardware, mapping and workload files, and sees that each is refused with its line:
 *
 *     node scripts/fuzz.mjs [FILES]     5000 by default
 */
import { inRoot } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

const FUZZ_RUNS = process.argv[2] ?? '5000';
const args = [inRoot('scripts/test.mjs'), 'node', '--grep', 'damaged files'];
process.exitCode = await run(process.execPath, args, { env: { FUZZ_RUNS }, check: false });
