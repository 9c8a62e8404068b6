import { backend_util } from '@tensorflow/tfjs-core';

/** The part of Node's `v8` module that is used here. */
interface V8 {
  setFlagsFromString(flag: string): void;
}

const FLAG = '--experimental-wasm-revectorize';
/** The first Node whose engine makes anything of the flag. */
const FIRST_NODE = 24;

/**
 * Has V8 make 256-bit operations of neighbouring 128-bit ones in WebAssembly modules that are
 * compiled from now on, everybody's in this process. Where there is no such engine, says so.
 */
export function revectorize(): void {
  const node = typeof process === 'undefined' ? undefined : process.versions.node;
  if (node === undefined || Number(node.split('.')[0]) < FIRST_NODE) {
    const where = node === undefined ? 'a browser' : `Node ${node}`;
    backend_util.warn(
      `DYNCONV_REVECTORIZE needs Node ${FIRST_NODE} or later, and does nothing in ${where}.`,
    );
    return;
  }
  // Not imported: bundlers for browsers would look for it.
  const v8 = process.getBuiltinModule('node:v8') as V8;
  v8.setFlagsFromString(FLAG);
}

/** Whether Node was started with the flag. */
export function isRevectorized(): boolean {
  return typeof process !== 'undefined' && (process.execArgv?.includes(FLAG) ?? false);
}
