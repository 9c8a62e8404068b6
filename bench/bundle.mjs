import { rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { ROOT } from '../scripts/lib/paths.mjs';

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  sourcemap: true,
  // What is measured is the library as published, not src/, where TypeScript finds it.
  tsconfigRaw: {},
  logLevel: 'warning',
};

const PROGRAMS = [
  'networks',
  'gaps',
  'scaling',
  'density',
  'memory',
  'probe',
  'tune',
  'zoo',
  'operations',
  'write-picture',
  'write-peers',
];

/**
 * Bundles the programs for Node.
 *
 * @param {string} outdir where to
 */
export async function bundleForNode(outdir) {
  await rm(outdir, { recursive: true, force: true });
  await build({
    ...COMMON,
    entryPoints: PROGRAMS.map((program) => `bench/node/${program}.ts`),
    outdir,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
}

/**
 * Bundles the benchmarks that run in a page for Karma.
 *
 * @param {string} outdir where to
 */
export async function bundleForBrowser(outdir) {
  await rm(outdir, { recursive: true, force: true });
  await build({
    ...COMMON,
    entryPoints: ['bench/karma-adapter.ts'],
    outdir,
    platform: 'browser',
    target: 'es2022',
    minify: true,
  });
}

/**
 * Bundles a package of peers, whose modules name one another as only bundlers understand.
 *
 * @param {string} entry the package's module
 * @param {string} outfile where to
 */
export async function bundlePeer(entry, outfile) {
  await build({ ...COMMON, entryPoints: [entry], outfile, platform: 'browser', target: 'es2022' });
}
