import { rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { DIST, inRoot, ROOT } from '../scripts/lib/paths.mjs';

/** What is measured is the library as published. */
const LIBRARY = `${DIST}/dynconv.mjs`;

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  sourcemap: true,
  logLevel: 'warning',
};

/** An esbuild plugin that puts the built library in the place of its sources. */
const publishedLibrary = (external) => ({
  name: 'published-library',
  setup({ onResolve }) {
    onResolve({ filter: /\/index\.js$/ }, ({ importer }) =>
      importer.startsWith(inRoot('bench')) || importer.startsWith(inRoot('src/cli'))
        ? { path: external ? '../../../dist/dynconv.mjs' : LIBRARY, external }
        : undefined,
    );
  },
});

/**
 * Bundles the programs for Node.
 *
 * @param {string} outdir `build/bench/node`: the bundles find `dist/` from there
 */
export async function bundleForNode(outdir) {
  await rm(outdir, { recursive: true, force: true });
  await build({
    ...COMMON,
    entryPoints: ['networks', 'density', 'memory', 'probe', 'zoo', 'write-picture'].map(
      (program) => `bench/node/${program}.ts`,
    ),
    outdir,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [publishedLibrary(true)],
  });
}

/**
 * Bundles the benchmark of networks for Karma.
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
    plugins: [publishedLibrary(false)],
  });
}
