/**
 * The benchmarks. They print figures; they never fail on one.
 *
 *     npm run bench -- [BENCHMARK] [OPTIONS]
 *
 * Bundles what is in this folder and runs it in a fresh Node, or in a headless Chromium.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readArguments } from '../scripts/lib/arguments.mjs';
import { BUILD, ROOT } from '../scripts/lib/paths.mjs';
import { nodeFlags } from '../scripts/lib/run.mjs';

const USAGE = `npm run bench -- [BENCHMARK] [OPTIONS]

  networks   (the default) the published workload and a dense MobileNetV2 on wasm, dynconv and cpu
  gaps       how long timers and animation frames wait while the published workload runs
             through data() in a loop
  scaling    the published workload on one core and two, and a projection for 4, 8 and 16
  density    time of one block over the share of active pixels; writes docs/density.svg
  memory     peak WebAssembly heap on the published workload, and start-up, in fresh processes
  zoo        converted models from other people's packages, on wasm and dynconv
  operations single operations of tensors in memory, on wasm and dynconv
  tune       measures this machine's microkernels and writes an unrolling table

  --browser      networks and gaps: in a headless Chromium, through Karma, in place of Node
  --lanes N      threads that dynconv computes on (default: one a core)
  --peers        networks: onnxruntime-node, too, or onnxruntime-web and LiteRT.js with --browser
  --install      zoo and --peers: fetch the packages with the models or the peers first
  --models A,B   zoo and operations: only these
  --runs N       timed runs of each contestant
  --cpu-runs N   networks and zoo: runs on the slow cpu backend (default 1; 0 for none)
  --plain-simd   do without relaxed SIMD
  --narrow       leave vectors at 128 bits in Node 24 and later, too
  --out FILE     tune: where to write the table (default: print it)
  --json         print one JSON document on stdout (with npm run --silent bench)
  --help         print this`;

const BENCHMARKS = [
  'networks',
  'gaps',
  'scaling',
  'density',
  'memory',
  'zoo',
  'operations',
  'tune',
];
const OUT = join(BUILD, 'bench');

/** What is parsed of the command line. */
const CONFIG = {
  allowPositionals: true,
  options: {
    browser: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    lanes: { type: 'string' },
    models: { type: 'string' },
    peers: { type: 'boolean', default: false },
    runs: { type: 'string' },
    'cpu-runs': { type: 'string' },
    'plain-simd': { type: 'boolean', default: false },
    narrow: { type: 'boolean', default: false },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
};

/** Options of some benchmarks only. */
const ONLY_FOR = {
  browser: ['networks', 'gaps'],
  peers: ['networks'],
  models: ['zoo', 'operations'],
  'cpu-runs': ['networks', 'zoo'],
  out: ['tune'],
};
/** The most threads that dynconv computes on. */
const MOST_LANES = 8;

/** What is asked for; throws for what cannot be. */
function optionsOf({ values, positionals }) {
  const [benchmark = 'networks', ...rest] = positionals;
  if (!BENCHMARKS.includes(benchmark) || rest.length > 0) {
    throw new Error(`There is no benchmark "${positionals.join(' ')}".`);
  }
  for (const [name, benchmarks] of Object.entries(ONLY_FOR)) {
    if (values[name] && !benchmarks.includes(benchmark)) {
      throw new Error(`--${name} goes with ${benchmarks.join(' and ')} only.`);
    }
  }
  if (values.out !== undefined) checkWritable(values.out);
  return {
    ...values,
    benchmark,
    lanes: count(values, 'lanes', 1, MOST_LANES),
    runs: count(values, 'runs', 1),
    cpuRuns: count(values, 'cpu-runs', 0),
  };
}

/** Sees to it before minutes of measuring that a file can be written; makes none. */
function checkWritable(out) {
  const file = resolve(ROOT, out);
  try {
    if (existsSync(file)) closeSync(openSync(file, 'r+'));
    else accessSync(join(dirname(file), '/'), constants.W_OK);
  } catch (error) {
    throw new Error(`--out ${out}: it cannot be written (${error.code}).`, { cause: error });
  }
}

function count(values, name, least, most = Infinity) {
  if (values[name] === undefined) return undefined;
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < least || value > most) {
    const range = most === Infinity ? `${least} on` : `${least} to ${most}`;
    throw new Error(`--${name} ${values[name]}: a whole number from ${range} is needed.`);
  }
  return value;
}

/** Sets up what is missing; what that prints goes to stderr, for stdout may be read as JSON. */
function setUp() {
  const { status, error } = spawnSync(process.execPath, [join(ROOT, 'bench/setup.mjs')], {
    stdio: ['ignore', 2, 2],
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs a bundled program in a fresh Node with this terminal's output; returns its exit code. */
function runNode(program, options) {
  const file = join(OUT, 'node', `${program}.mjs`);
  const { status, error } = spawnSync(
    process.execPath,
    [...nodeFlags({ revectorize: !options.narrow }), file, JSON.stringify(options)],
    { cwd: ROOT, stdio: 'inherit' },
  );
  if (error) throw error;
  return status ?? 1;
}

const options = readArguments(USAGE, CONFIG, optionsOf);
setUp();
const { bundleForBrowser, bundleForNode, bundlePeer } = await import('./bundle.mjs');
await bundleForNode(join(OUT, 'node'));
if (!options.browser) {
  process.exitCode = runNode(options.benchmark, options);
} else {
  await bundleForBrowser(join(OUT, 'browser'));
  const picture = join(OUT, 'picture.bin');
  if (runNode('write-picture', { picture }) !== 0) process.exit(1);
  if (options.peers) {
    const { install } = options;
    if (runNode('write-peers', { install, models: join(OUT, 'peers') }) !== 0) process.exit(1);
    const liteRt = join(BUILD, 'peers/node_modules/@litertjs/core/dist/index.js');
    await bundlePeer(liteRt, join(OUT, 'peers/litert.mjs'));
  }
  const { benchInChromium } = await import('./karma.mjs');
  const { document, text } = await benchInChromium(options);
  writeFileSync(1, options.json ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`);
}
