/** Sets up what the benchmarks need. A program of its own, so that its stdout can be redirected. */
import { ensureBuilt, ensureDependencies } from '../scripts/lib/setup.mjs';

await ensureDependencies();
await ensureBuilt();
