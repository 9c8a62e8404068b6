import { readdir, rm } from 'node:fs/promises';
import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { BUILD, inRoot, ROOT } from './paths.mjs';
import { privateWasmBackend } from './private-wasm-backend.mjs';

/** Folders of specs that start processes or write files. */
const NODE_ONLY = ['cli', 'evaluate'];

const COMMON = {
  absWorkingDir: ROOT,
  outbase: 'test',
  bundle: true,
  splitting: true,
  format: 'esm',
  sourcemap: true,
  target: ['es2022', 'node20'],
  plugins: [privateWasmBackend()],
  logLevel: 'warning',
};

/**
 * How code of the specs is bundled for a host, but for what and where to; modules that several entry
 * points share are shared chunks, so that there is one TensorFlow.js engine.
 *
 * @param {'node' | 'browser'} host where it will run
 */
export function bundleOptions(host) {
  const perHost =
    host === 'node'
      ? {
          platform: 'node',
          packages: 'external',
          define: { ASSET_BASE: JSON.stringify(pathToFileURL(ROOT).href) },
        }
      : { platform: 'browser', define: { ASSET_BASE: '"/base/"' } };
  return { ...COMMON, ...perHost, outExtension: { '.js': '.mjs' } };
}

/**
 * Bundles the specs for a host.
 *
 * @param {'node' | 'browser'} host where the specs will run
 * @returns {Promise<string>} the folder with the bundled specs
 */
export async function bundleSpecs(host) {
  const outdir = `${BUILD}/test/${host}`;
  await rm(outdir, { recursive: true, force: true });
  const specs = (await readdir(inRoot('test'), { recursive: true })).filter(
    (file) =>
      file.endsWith('.test.ts') && (host === 'node' || !NODE_ONLY.includes(file.split(sep)[0])),
  );
  const entryPoints = ['support/setup.ts', ...specs].map((file) => `test/${file}`);
  await build({ ...bundleOptions(host), entryPoints, outdir });
  return outdir;
}
