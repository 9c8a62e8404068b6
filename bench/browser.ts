import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths as setWasmBackendPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from 'tfjs-backend-dynconv';
import { benchNetworks, type BenchOptions } from './core.js';
import { formatNetworks, type NetworksDocument } from './report.js';

/** What the page is told, as JSON. */
export interface BrowserBenchOptions extends Partial<BenchOptions> {
  /** URL of the folder with both backends' wasm files. */
  wasmFolder: string;
  /** URL of the published workload's model.json. */
  model: string;
  /** URL of its preprocessed picture, raw float32. */
  picture: string;
  plainSimd: boolean;
}

/**
 * Runs the benchmark of networks in a page.
 *
 * @param say hears of the progress.
 */
export async function benchInBrowser(
  options: BrowserBenchOptions,
  say: (text: string) => void,
): Promise<{ document: NetworksDocument; text: string }> {
  setWasmBackendPaths(options.wasmFolder);
  setWasmPaths(options.wasmFolder);
  // Its threads would need a binary of their own, and gain next to nothing on these networks.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (options.lanes !== undefined) tf.env().set('DYNCONV_LANES', options.lanes);
  if (options.plainSimd) tf.env().set('DYNCONV_RELAXED_SIMD', false);
  const picture = new Float32Array(await (await fetch(options.picture)).arrayBuffer());
  const networks = await benchNetworks(options.model, picture, options, [], say);
  const browser = /Chrom\S+/.exec(navigator.userAgent)?.[0].replace('/', ' ');
  const document = {
    environment: {
      runtime: browser ?? navigator.userAgent,
      relaxedSimd: tf.env().getBool('DYNCONV_RELAXED_SIMD'),
      lanes: tf.env().getNumber('DYNCONV_LANES'),
      vectorBits: tf.env().getNumber('DYNCONV_VECTOR_BITS'),
    },
    networks,
  };
  return { document, text: formatNetworks(document) };
}
