/** Loaded before the specs, in every host. */
import { setWasmPaths as setWasmBackendPaths } from '@tensorflow/tfjs-backend-wasm';
import { env } from '@tensorflow/tfjs-core';
import '../../src/flags.js';
import { setWasmPaths } from '../../src/memory/location.js';
import { assetUrl, IN_NODE } from './environment.js';

declare const __karma__: { config: { isolated: boolean; lanes?: string } };

setWasmPaths(assetUrl('dist/'));
if (!IN_NODE) {
  setWasmBackendPaths(assetUrl('node_modules/@tensorflow/tfjs-backend-wasm/dist/'));
}
// So that the specs can be run on any number of lanes; by default on one a core.
const lanes = IN_NODE ? process.env.DYNCONV_LANES : __karma__.config.lanes;
if (lanes) env().set('DYNCONV_LANES', Number(lanes));
// One thread, as `dynconv` has: what the wasm backend computes must not depend on the host's cores.
env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);

before('the page is isolated exactly if that is what this run is about', () => {
  if (!IN_NODE && crossOriginIsolated !== __karma__.config.isolated) {
    throw new Error(`crossOriginIsolated is ${crossOriginIsolated}`);
  }
});
