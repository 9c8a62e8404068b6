import { setFlagsFromString } from 'node:v8';
import * as tf from '@tensorflow/tfjs-core';

/** The first Node whose engine makes anything of the flag. */
const FIRST_NODE = 24;

/**
 * Has V8 make 256-bit operations of pairs of WebAssembly's 128-bit ones, for every backend alike:
 * to be called before any of them is loaded.
 */
export function revectorize(): void {
  if (Number(process.versions.node.split('.')[0]) < FIRST_NODE) return;
  setFlagsFromString('--experimental-wasm-revectorize');
  tf.env().set('DYNCONV_REVECTORIZE', true);
}
