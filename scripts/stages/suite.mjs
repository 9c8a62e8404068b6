import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { build } from 'esbuild';
import { ACCEPTED } from '../lib/accepted-differences.mjs';
import { withPage } from '../lib/chromium.mjs';
import { count, passedByName, regressions } from '../lib/compare-suites.mjs';
import { BUILD, DIST, inRoot, ROOT } from '../lib/paths.mjs';
import { privateWasmBackend } from '../lib/private-wasm-backend.mjs';
import { nodeFlags, run } from '../lib/run.mjs';
import { SCRIPT_URL } from '../lib/script-url.mjs';
import { serveFolder } from '../lib/static-server.mjs';

const FOLDER = `${BUILD}/suite`;
const REFERENCES = ['cpu', 'wasm'];
const SUBJECT = 'dynconv';
/** How many distinct names must pass in Node, where the suite has 4,166. */
const LEAST_PASSED_IN_NODE = 4160;
const TIME_LIMIT_MS = 8 * 60_000;
const WASM_PACKAGE = inRoot('node_modules/@tensorflow/tfjs-backend-wasm');

/** Folders with the backends' binaries, below the folder that the browser is served. */
const BINARIES = { cpu: 'none/', wasm: 'wasm/', dynconv: 'dynconv/' };

/** Bundles the suite for both hosts and lays the binaries beside it. */
async function prepare() {
  rmSync(FOLDER, { recursive: true, force: true });
  const common = {
    entryPoints: [inRoot('test/suite/suite.mjs')],
    absWorkingDir: ROOT,
    bundle: true,
    // The package's side-effect list leaves its tests out.
    ignoreAnnotations: true,
    plugins: [privateWasmBackend()],
    logLevel: 'warning',
  };
  await build({
    ...common,
    ...SCRIPT_URL.node,
    platform: 'node',
    mainFields: ['module', 'main'],
    format: 'cjs',
    outfile: `${FOLDER}/node.cjs`,
  });
  await build({
    ...common,
    ...SCRIPT_URL.browser,
    platform: 'browser',
    format: 'iife',
    globalName: 'suite',
    outfile: `${FOLDER}/browser.js`,
  });
  await cp(`${WASM_PACKAGE}/wasm-out`, `${FOLDER}/${BINARIES.wasm}`, { recursive: true });
  await cp(DIST, `${FOLDER}/${BINARIES.dynconv}`, { recursive: true });
}

/** The hosts: each runs the suite, or only some specs of it, on a backend, in a fresh process. */
const HOSTS = {
  async node(backend, only) {
    const resultsFile = `${FOLDER}/node-${backend}.json`;
    rmSync(resultsFile, { force: true });
    const options = { backend, wasmPath: `${FOLDER}/${BINARIES[backend]}`, only };
    await run(
      process.execPath,
      [
        ...nodeFlags(),
        inRoot('scripts/lib/suite-host.mjs'),
        `${FOLDER}/node.cjs`,
        JSON.stringify(options),
        resultsFile,
      ],
      { timeoutMs: TIME_LIMIT_MS },
    );
    return JSON.parse(readFileSync(resultsFile, 'utf8'));
  },

  async chromium(backend, only) {
    const page = '<!doctype html><meta charset="utf-8"><script src="/browser.js"></script>';
    const server = await serveFolder(FOLDER, { pages: { '/': page } });
    try {
      return await withPage(async (page) => {
        await page.exposeFunction('onSpec', (done) => {
          console.log(`  ${done} specs`);
        });
        await page.goto(server.url);
        return await page.evaluate(
          (options) =>
            globalThis.suite.runSuite({
              ...options,
              onSpec: (done) => done % 1000 === 0 && globalThis.onSpec(done),
            }),
          { backend, wasmPath: `${server.url}/${BINARIES[backend]}`, only },
        );
      });
    } finally {
      server.close();
    }
  },
};

/**
 * Runs the suite on the references and on the subject in one host, and compares them spec by spec.
 *
 * A spec that passes on a reference and fails on the subject runs again, alone, on a fresh process:
 * specs of timing and of random numbers fail now and then on every backend. What passes then is
 * reported and does not count as failed, nor does what accepted-differences.mjs lists.
 */
async function compareIn(host, subject) {
  const runIn = HOSTS[host];
  const runs = {};
  for (const backend of [...REFERENCES, subject]) {
    console.log(`tfjs-core's suite in ${host}, on ${backend}`);
    runs[backend] = await runIn(backend);
    const { names, passed } = count(runs[backend]);
    console.log(`  ${backend}: ${passed} of ${names} distinct names pass`);
  }
  mkdirSync(`${BUILD}/results`, { recursive: true });
  writeFileSync(`${BUILD}/results/suite-${host}.json`, JSON.stringify(runs, undefined, 1));

  const results = runs[subject];
  const references = REFERENCES.map((backend) => runs[backend]);
  const suspects = regressions(references, results).filter((name) => !(name in ACCEPTED));
  const again = suspects.length > 0 ? passedByName(await runIn(subject, suspects)) : new Map();
  const flaky = suspects.filter((name) => again.get(name));
  const lost = suspects.filter((name) => !again.get(name));
  for (const name of flaky) {
    console.log(`  passed only when run again, alone: ${name}`);
  }
  for (const name of lost) {
    const { message } = results.find((spec) => spec.name === name && spec.status !== 'passed') ?? {
      message: 'it did not run',
    };
    console.log(
      `  passes on ${REFERENCES.join(' or ')}, fails on ${subject}: ${name}\n    ${message}`,
    );
  }
  const passedThere = passedByName(results);
  const outdated = Object.keys(ACCEPTED).filter((name) => passedThere.get(name));
  for (const name of outdated) {
    console.log(`  passes, so it is no accepted difference any more: ${name}`);
  }
  const { passed } = count(results);
  let failed = lost.length;
  if (host === 'node' && passed + flaky.length < LEAST_PASSED_IN_NODE) {
    console.log(`  fewer than ${LEAST_PASSED_IN_NODE} pass on ${subject}`);
    failed++;
  }
  return { passed: passed + flaky.length, failed };
}

/**
 * Compares tfjs-core's own suite on the cpu and the wasm backend and on ours, in Node and in Chromium.
 *
 * @param {string[]} args a host (`node` or `chromium`; by default both), and a backend to stand in
 *   for ours
 * @returns {Promise<{passed: number, failed: number}>} distinct names that pass on ours, and those
 *   that pass on a reference alone
 */
export async function runStage([onlyHost, subject = SUBJECT]) {
  if (onlyHost !== undefined && !(onlyHost in HOSTS)) {
    throw new Error(`There is no host "${onlyHost}": expected ${Object.keys(HOSTS).join(' or ')}.`);
  }
  await prepare();
  const total = { passed: 0, failed: 0 };
  for (const host of onlyHost === undefined ? Object.keys(HOSTS) : [onlyHost]) {
    const { passed, failed } = await compareIn(host, subject);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}
