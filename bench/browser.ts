import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths as setWasmBackendPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from 'tfjs-backend-dynconv';
import { benchNetworks, type BenchOptions } from './core.js';
import { atOnce, formatGaps, measureGaps, timers, type Pace, type Ticker } from './gaps.js';
import { hourglass } from './hourglass.js';
import { pagePeers, type PagePeers } from './peers/page-peers.js';
import { formatNetworks, type Environment } from './report.js';

/** What the page is told, as JSON. */
export interface BrowserBenchOptions extends Partial<BenchOptions> {
  benchmark: 'networks' | 'gaps';
  /** URL of the folder with both backends' wasm files. */
  wasmFolder: string;
  /** URL of the published workload's model.json. */
  model: string;
  /** URL of its preprocessed picture, raw float32. */
  picture: string;
  plainSimd: boolean;
  /** Other runtimes to compare with. */
  peers?: PagePeers | false;
}

/** The results, for programs and for people. */
export interface BrowserBenchResult {
  document: object;
  text: string;
}

type Say = (text: string) => void;

/**
 * Runs a benchmark in a page.
 *
 * @param say hears of the progress.
 */
export async function benchInBrowser(
  options: BrowserBenchOptions,
  say: Say,
): Promise<BrowserBenchResult> {
  setWasmBackendPaths(options.wasmFolder);
  setWasmPaths(options.wasmFolder);
  // Its threads would need a binary of their own, and gain next to nothing on these networks.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (options.lanes !== undefined) tf.env().set('DYNCONV_LANES', options.lanes);
  if (options.plainSimd) tf.env().set('DYNCONV_RELAXED_SIMD', false);
  const picture = new Float32Array(await (await fetch(options.picture)).arrayBuffer());
  return options.benchmark === 'gaps'
    ? benchGaps(options, picture)
    : benchAllNetworks(options, picture, say);
}

async function benchAllNetworks(
  options: BrowserBenchOptions,
  picture: Float32Array,
  say: Say,
): Promise<BrowserBenchResult> {
  const lanes = options.lanes ?? tf.env().getNumber('DYNCONV_LANES');
  const peers = options.peers ? await pagePeers(options.peers, picture, lanes) : [];
  const networks = await benchNetworks(options.model, picture, options, peers, say);
  const document = { environment: environment(), networks };
  return { document, text: formatNetworks(document) };
}

async function benchGaps(
  { model, runs }: BrowserBenchOptions,
  picture: Float32Array,
): Promise<BrowserBenchResult> {
  await tf.setBackend('dynconv');
  const lanes = tf.env().getNumber('DYNCONV_LANES');
  const network = await hourglass(model, picture);
  const results = await measureGaps(
    network,
    {
      tickers: { timers, frames },
      paces: { 'one after the other': atOnce, 'each begun in an animation frame': nextFrame },
    },
    { lanes, runs },
  );
  const document = { environment: environment(), results };
  return { document, text: formatGaps(document) };
}

/** Animation frames, one after the other. */
const frames: Ticker = (tick) => {
  const next = (): void => {
    frame = requestAnimationFrame(next);
    tick();
  };
  let frame = requestAnimationFrame(next);
  return () => {
    cancelAnimationFrame(frame);
  };
};

const nextFrame: Pace = () =>
  new Promise((resolve) => {
    requestAnimationFrame(() => {
      resolve();
    });
  });

function environment(): Environment {
  const browser = /Chrom\S+/.exec(navigator.userAgent)?.[0].replace('/', ' ');
  return {
    runtime: browser ?? navigator.userAgent,
    relaxedSimd: tf.env().getBool('DYNCONV_RELAXED_SIMD'),
    lanes: tf.env().getNumber('DYNCONV_LANES'),
    vectorBits: tf.env().getNumber('DYNCONV_VECTOR_BITS'),
  };
}
