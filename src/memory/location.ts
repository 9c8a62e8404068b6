import { env, util } from '@tensorflow/tfjs-core';

/** The WebAssembly files that the backend loads, and the script of its workers. */
export const WASM_FILES = [
  'dynconv-simd.wasm',
  'dynconv-relaxed-simd.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'dynconv-lane.js',
] as const;

export type WasmFile = (typeof WASM_FILES)[number];

// Written out one by one: bundlers find assets by this very form, and copy them.
const DEFAULTS: Record<WasmFile, () => URL> = {
  'dynconv-simd.wasm': () => new URL('./dynconv-simd.wasm', import.meta.url),
  'dynconv-relaxed-simd.wasm': () => new URL('./dynconv-relaxed-simd.wasm', import.meta.url),
  'tfjs-backend-wasm-simd.wasm': () => new URL('./tfjs-backend-wasm-simd.wasm', import.meta.url),
  'dynconv-lane.js': () => new URL('./dynconv-lane.js', import.meta.url),
};

let prefix: string | null = null;
let files: Partial<Record<WasmFile, string>> = {};

/**
 * Sets where the WebAssembly files lie, when they are not beside the script. Call it before
 * `tf.setBackend('dynconv')`.
 *
 * @param prefixOrFiles the URL or path of their folder, with its last slash, or the URL or path of
 *     each file by its name
 * @throws Error for a name that is none of WASM_FILES
 */
export function setWasmPaths(prefixOrFiles: string | Partial<Record<WasmFile, string>>): void {
  if (typeof prefixOrFiles === 'string') {
    prefix = prefixOrFiles;
    files = {};
    return;
  }
  for (const name of Object.keys(prefixOrFiles)) {
    if (!(WASM_FILES as readonly string[]).includes(name)) {
      throw new Error(
        `setWasmPaths: there is no file '${name}'; the files are ${WASM_FILES.join(', ')}.`,
      );
    }
  }
  prefix = null;
  files = prefixOrFiles;
}

function locationOf(file: WasmFile): string {
  return files[file] ?? (prefix === null ? DEFAULTS[file]().href : prefix + file);
}

/** The URL or path of the workers' script. */
export function workerLocation(): string {
  return locationOf('dynconv-lane.js');
}

/**
 * Reads a WebAssembly file.
 * @throws Error that names the place where it was looked for
 */
export async function loadWasm(file: WasmFile): Promise<Uint8Array> {
  let location = '';
  try {
    location = locationOf(file);
    return await read(location);
  } catch (error) {
    throw new Error(
      `tfjs-backend-dynconv could not load ${file} from ${location || 'beside its script'}. Serve the package's .wasm ` +
        `files and tell where they are with setWasmPaths().`,
      { cause: error },
    );
  }
}

async function read(location: string): Promise<Uint8Array> {
  const isUrl = /^(https?|data|blob):/.test(location);
  if (env().getBool('IS_NODE') && !isUrl) {
    // At once: asynchronously it takes several milliseconds, most of them for Node's own modules.
    const { readFileSync } = process.getBuiltinModule('node:fs');
    return readFileSync(location.startsWith('file:') ? new URL(location) : location);
  }
  const response = await util.fetch(location, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(`${String(response.status)} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
