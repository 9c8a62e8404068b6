/**
 * Builds what is published: the library into dist/, the command into cli/dist/.
 *
 *     node scripts/build.mjs [--stale] [STEP...]
 *
 * The steps are kernels, worker, library, mapping, cli and types; by default all are built. With
 * --stale, only what is older than its sources.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { boundExternals } from './lib/bound-externals.mjs';
import { cpuOnDemand } from './lib/cpu-on-demand.mjs';
import { BUILD, CLI_DIST, DIST, inRoot } from './lib/paths.mjs';
import { privateWasmBackend } from './lib/private-wasm-backend.mjs';
import { runBin } from './lib/run.mjs';
import { SCRIPT_URL } from './lib/script-url.mjs';
import { modified } from './lib/setup.mjs';

const KERNEL_TARGETS = ['simd', 'relaxed-simd'];
const WASM_BACKEND_BINARY = 'tfjs-backend-wasm-simd.wasm';
const TARGETS = ['es2022', 'node20'];

/** Our AssemblyScript kernels, one module for each instruction set, and the wasm backend's own. */
async function buildKernels() {
  for (const target of KERNEL_TARGETS) {
    await runBin('asc', ['--config', inRoot('kernels/asconfig.json'), '--target', target]);
  }
  await copyFile(
    inRoot('node_modules/@tensorflow/tfjs-backend-wasm/wasm-out', WASM_BACKEND_BINARY),
    `${DIST}/${WASM_BACKEND_BINARY}`,
  );
}

const LIBRARY = {
  entryPoints: [inRoot('src/index.ts')],
  bundle: true,
  legalComments: 'linked',
  target: TARGETS,
  plugins: [privateWasmBackend()],
  logLevel: 'warning',
};
const LIBRARY_EXTERNALS = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'];

/** The exports of a tfjs package in a page, where their own script tags define the global `tf`. */
const ofGlobal = () => `
  if (typeof tf === 'undefined') {
    throw new Error('dynconv: load the TensorFlow.js script before dynconv.min.js');
  }
  const $package = tf;`;

/** The notices of what is bundled are the same in every form of the library: one file holds them. */
const NOTICES = {
  legalComments: 'none',
  banner: { js: '/*! For license information please see dynconv.mjs.LEGAL.txt */' },
};

/** The library as an ES module, as CommonJS and as a script. */
async function buildLibrary() {
  // Exact names only: deep imports of a package with no `exports` do not resolve in every host.
  const externals = {
    name: 'externals',
    setup({ onResolve }) {
      const exact = new RegExp(`^(${LIBRARY_EXTERNALS.join('|')})$`);
      onResolve({ filter: exact }, ({ path }) => ({ path, external: true }));
    },
  };
  const boundTo = (lookUp) => [boundExternals(LIBRARY_EXTERNALS, lookUp), ...LIBRARY.plugins];
  await build({
    ...LIBRARY,
    plugins: [externals, ...LIBRARY.plugins],
    format: 'esm',
    // Names are kept for who reads a stack trace; a formatter brings the lines back.
    minifyWhitespace: true,
    outfile: `${DIST}/dynconv.mjs`,
  });
  await build({
    ...LIBRARY,
    ...NOTICES,
    ...SCRIPT_URL.node,
    plugins: [cpuOnDemand(), ...boundTo((name) => `const $package = require('${name}');`)],
    platform: 'node',
    format: 'cjs',
    // The ES module has the functions' names. (To keep them here, too, costs time wherever a closure is made.)
    minify: true,
    outfile: `${DIST}/dynconv.cjs`,
  });
  await build({
    ...LIBRARY,
    ...NOTICES,
    ...SCRIPT_URL.browser,
    plugins: boundTo(ofGlobal),
    format: 'iife',
    globalName: 'dynconv',
    minify: true,
    outfile: `${DIST}/dynconv.min.js`,
  });
}

/** The workers' script: a file of its own without imports, which every host can start. */
async function buildWorker() {
  await build({
    entryPoints: [inRoot('src/arrays/lane-worker.ts')],
    bundle: true,
    minify: true,
    target: TARGETS,
    format: 'iife',
    outfile: `${DIST}/dynconv-lane.js`,
    logLevel: 'warning',
  });
}

/** The mapping explorer, with all that it needs. */
async function buildMapping() {
  await build({
    entryPoints: [inRoot('src/mapping/index.ts')],
    bundle: true,
    minify: true,
    legalComments: 'linked',
    target: TARGETS,
    format: 'esm',
    outfile: `${DIST}/mapping.mjs`,
    logLevel: 'warning',
  });
}

/** The command: it imports the library as published, not a second copy of it. */
async function buildCommand() {
  await build({
    entryPoints: [inRoot('cli/src/main.ts'), inRoot('cli/src/map/search-worker.ts')],
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    packages: 'external',
    // Or else it would be taken from where TypeScript finds it, in src/.
    tsconfigRaw: {},
    target: 'node20',
    format: 'esm',
    outdir: CLI_DIST,
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
}

/** The declarations of each public API in one file, for the module systems that it is built for. */
async function buildTypes() {
  await runBin('tsc', ['--project', 'tsconfig.types.json']);
  await bundleTypes('index.d.ts', 'dynconv.d.mts', 'dynconv.d.cts');
  await bundleTypes('mapping/index.d.ts', 'mapping.d.mts');
}

async function bundleTypes(input, ...files) {
  const bundle = await rollup({
    input: `${BUILD}/types/src/${input}`,
    external: /^@tensorflow\//,
    plugins: [dts()],
  });
  for (const file of files) {
    await bundle.write({ file: `${DIST}/${file}` });
  }
}

const LIBRARY_INPUTS = ['src', 'kernels/command.ts', 'scripts/build.mjs', 'scripts/lib'];
const STEPS = {
  kernels: { build: buildKernels, inputs: ['kernels', 'scripts/build.mjs', 'package-lock.json'] },
  worker: { build: buildWorker, inputs: LIBRARY_INPUTS },
  library: { build: buildLibrary, inputs: [...LIBRARY_INPUTS, 'package-lock.json'] },
  mapping: {
    build: buildMapping,
    inputs: ['src/mapping', 'scripts/build.mjs', 'package-lock.json'],
  },
  cli: { build: buildCommand, output: CLI_DIST, inputs: ['cli/src', 'scripts/build.mjs'] },
  types: { build: buildTypes, inputs: [...LIBRARY_INPUTS, 'tsconfig.json', 'tsconfig.types.json'] },
};

/** The file that is touched when a step is done. */
const stampOf = (name) => `${STEPS[name].output ?? DIST}/.${name}`;

/** Whether any input of a step is newer than the step's last result. */
function isStale(name) {
  const built = modified(stampOf(name));
  return STEPS[name].inputs.some((path) => modified(inRoot(path)) > built);
}

const { values, positionals } = parseArgs({
  options: { stale: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !(name in STEPS));
if (unknown !== undefined) {
  console.error(
    `There is no step "${unknown}": expected some of ${Object.keys(STEPS).join(', ')}.`,
  );
  process.exit(2);
}
for (const name of positionals.length > 0 ? positionals : Object.keys(STEPS)) {
  if (values.stale && !isStale(name)) {
    continue;
  }
  const start = performance.now();
  await mkdir(dirname(stampOf(name)), { recursive: true });
  await STEPS[name].build();
  await writeFile(stampOf(name), '');
  console.log(`build: ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}
