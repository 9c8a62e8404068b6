import { readFile } from 'node:fs/promises';
import { dirname, extname, posix, resolve, sep } from 'node:path';
import { createRequire } from 'node:module';
import { inRoot } from './paths.mjs';

const require = createRequire(import.meta.url);
const PACKAGE = '@tensorflow/tfjs-backend-wasm';
const NAMESPACE = 'private-tfjs-backend-wasm';
const SOURCE = inRoot('src') + sep;

/** The Emscripten factory, without the host it would probe, patch and load files through. */
const FACTORY = 'wasm-out/tfjs-backend-wasm.js';
const HOST_NAMES = [
  '__dirname',
  '__filename',
  'document',
  'importScripts',
  'process',
  'require',
  'window',
];

/** What backend_wasm.js imports for its threaded build, which is not used here. */
const STUBS = {
  'wasm-out/tfjs-backend-wasm-threaded-simd.js': 'export default undefined;',
  'wasm-out/tfjs-backend-wasm-threaded-simd.worker.js': `export const wasmWorkerContents = '';`,
};

/** A module of this name exports the kernels that the package otherwise registers for itself. */
const KERNEL_CONFIGS = 'dist/kernel_configs.js';
const REGISTER_ALL = 'dist/register_all_kernels.js';

/** The package's list of kernels, without its registering them. */
async function kernelConfigs(root) {
  const source = await readFile(resolve(root, REGISTER_ALL), 'utf8');
  const loop = /for \(const \w+ of kernelConfigs\) \{\s*registerKernel\(\w+\);\s*\}/;
  if (!loop.test(source)) throw new Error(`${PACKAGE}/${REGISTER_ALL} is not as expected`);
  return source.replace(loop, 'export { kernelConfigs };');
}

/**
 * An esbuild plugin that gives `src/` its own copy of tfjs-backend-wasm.
 *
 * That package keeps the C functions of its kernels in module variables, which each backend
 * instance overwrites; with a copy of its own, `dynconv` can live beside `wasm`. The copy's
 * Emscripten factory sees no host: it must be given `instantiateWasm`, it never looks for files, and
 * it does not install the process-wide exception handlers that it otherwise installs in Node.
 *
 * @returns {import('esbuild').Plugin}
 */
export function privateWasmBackend() {
  const root = dirname(require.resolve(`${PACKAGE}/package.json`));
  const privateModule = (path) => ({
    path: extname(path) === '' ? `${path}.js` : path,
    namespace: NAMESPACE,
  });
  return {
    name: NAMESPACE,
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${PACKAGE}(/|$)`) }, ({ path, importer }) => {
        if (!importer.startsWith(SOURCE)) {
          return undefined;
        }
        return privateModule(path === PACKAGE ? 'dist/index' : path.slice(PACKAGE.length + 1));
      });
      build.onResolve({ filter: /^\./, namespace: NAMESPACE }, ({ path, importer }) =>
        privateModule(posix.join(posix.dirname(importer), path)),
      );
      // Helpers without state, which the package imports from inside of others: no host resolves
      // such paths in an ES module, so they are bundled even where packages are external.
      build.onResolve(
        { filter: /^@tensorflow\/[^/]+\/dist\//, namespace: NAMESPACE },
        ({ path }) => ({
          path: require.resolve(path),
        }),
      );
      build.onLoad({ filter: /./, namespace: NAMESPACE }, async ({ path }) => {
        const file = resolve(root, path);
        const contents =
          path === KERNEL_CONFIGS
            ? await kernelConfigs(root)
            : (STUBS[path] ?? (await readFile(file, 'utf8')));
        return {
          contents: path === FACTORY ? `var ${HOST_NAMES.join(', ')};\n${contents}` : contents,
          loader: 'js',
          resolveDir: dirname(file),
        };
      });
    },
  };
}
