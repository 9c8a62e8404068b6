/**
 * Runs tfjs-core's suite on one backend in this process of Node.
 *
 *     node suite-host.mjs BUNDLE OPTIONS-AS-JSON RESULTS-FILE
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [bundle, options, resultsFile] = process.argv.slice(2);
// Specs of debugging and of errors print a lot, on purpose.
const print = console.log.bind(console);
for (const method of ['log', 'info', 'warn', 'error']) {
  console[method] = () => {};
}
const { runSuite } = createRequire(import.meta.url)(bundle);
const onSpec = (done) => {
  if (done % 1000 === 0) {
    print(`  ${done} specs`);
  }
};
const results = await runSuite({ ...JSON.parse(options), onSpec });
writeFileSync(resultsFile, JSON.stringify(results));
// Specs of timers and of unsettled promises can keep the process alive.
process.exit(0);
