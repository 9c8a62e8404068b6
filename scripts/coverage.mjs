/**
 * Runs the specs in Node and reports which lines of our own sources they reach: a table here, and pages in
 * coverage/. Arguments go to mocha.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { CoverageReport } from 'monocart-coverage-reports';
import { BUILD, inRoot } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

/** The folders with our own sources, at the end of a path through any others. */
const OURS = /(?:^|\/)((?:cli\/src|models\/evaluate|src)\/[^:]*)$/;
const RAW = `${BUILD}/coverage`;

await rm(RAW, { recursive: true, force: true });
const code = await run(
  process.execPath,
  [inRoot('scripts/test.mjs'), 'node', ...process.argv.slice(2)],
  { env: { NODE_V8_COVERAGE: RAW }, check: false },
);
const report = new CoverageReport({
  outputDir: inRoot('coverage'),
  reports: ['console-details', 'v8'],
  entryFilter: (entry) => entry.url.includes('/build/test/node/'),
  // The bundled tfjs packages have folders of these names, too.
  sourceFilter: (path) => OURS.test(path) && existsSync(inRoot(path)),
  sourcePath: (path) => OURS.exec(path)?.[1] ?? path,
  clean: true,
  logging: 'error',
});
await report.addFromDir(RAW);
await report.generate();
process.exitCode = code;
