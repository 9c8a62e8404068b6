import { env } from '@tensorflow/tfjs-core';
import wasmFactory from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';
import type { BackendWasmModule } from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';
import { simd } from 'wasm-feature-detect';
import type { Kernels } from './kernels.js';
import { importMemory, initialPages } from './binary.js';
import type { MemoryLimits } from './binary.js';
import { loadWasm } from './location.js';
import { reserveMemory } from './reserve.js';
import { revectorize } from './revectorize.js';
import { isVectorBits, probeVectorBits } from './vector-width.js';
import type { VectorBits, WidthLoops } from './vector-width.js';

/** One memory, and the modules that run on it. */
export interface Machine {
  /** tfjs-backend-wasm's module. */
  readonly module: BackendWasmModule;
  readonly kernels: Kernels;
  /** What workers start the kernels from. */
  readonly kernelModule: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The kernels are those with fused multiply-add. */
  readonly relaxed: boolean;
  /** How wide the engine makes the kernels' vectors. */
  readonly vectorBits: VectorBits;
}

/**
 * Loads tfjs-backend-wasm's module and this package's kernels on one memory, which is shared
 * between threads where the platform can.
 * @throws Error when WebAssembly SIMD is missing, a file cannot be loaded, or there is no memory
 */
export async function loadMachine(): Promise<Machine> {
  if (!(await simd())) {
    throw new Error('tfjs-backend-dynconv needs WebAssembly SIMD, which this platform lacks.');
  }
  if (env().getBool('DYNCONV_REVECTORIZE')) revectorize();
  const relaxed = Boolean(await env().getAsync('DYNCONV_RELAXED_SIMD'));
  const kernelFile = relaxed ? 'dynconv-relaxed-simd.wasm' : 'dynconv-simd.wasm';
  const backendFile = 'tfjs-backend-wasm-simd.wasm';
  const [kernelBytes, backendBytes] = await Promise.all([
    loadWasm(kernelFile),
    loadWasm(backendFile),
  ]);
  const { memory, limits } = reserveMemory(initialPages(backendFile, backendBytes));
  const [module, { kernels, kernelModule, vectorBits }] = await Promise.all([
    startBackend(importMemory(backendFile, backendBytes, limits), memory),
    startKernels(importMemory(kernelFile, kernelBytes, limits), memory, limits),
  ]);
  return { module, kernels, kernelModule, memory, relaxed, vectorBits };
}

/** Starts the kernels on `memory`, and finds out how wide the engine makes their vectors. */
async function startKernels(
  binary: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
  limits: MemoryLimits,
): Promise<Pick<Machine, 'kernels' | 'kernelModule' | 'vectorBits'>> {
  const kernelModule = await WebAssembly.compile(binary);
  const { exports } = await WebAssembly.instantiate(kernelModule, { env: { memory } });
  return {
    kernels: exports as unknown as Kernels,
    kernelModule,
    vectorBits: await vectorBitsOf(kernelModule, limits),
  };
}

async function vectorBitsOf(
  kernelModule: WebAssembly.Module,
  limits: MemoryLimits,
): Promise<VectorBits> {
  const known = env().getNumber('DYNCONV_VECTOR_BITS');
  if (isVectorBits(known)) return known;
  const memory = new WebAssembly.Memory({ ...limits, maximum: limits.initial });
  const { exports } = await WebAssembly.instantiate(kernelModule, { env: { memory } });
  return probeVectorBits(exports as unknown as WidthLoops, new Float32Array(memory.buffer));
}

function instantiate(
  binary: Uint8Array<ArrayBuffer>,
  imports: WebAssembly.Imports,
): Promise<WebAssembly.WebAssemblyInstantiatedSource> {
  return WebAssembly.instantiate(binary, imports);
}

/** Starts the wasm backend's Emscripten module on `memory`. */
async function startBackend(
  binary: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
): Promise<BackendWasmModule> {
  const module = await new Promise<BackendWasmModule>((resolve, reject) => {
    const instantiateWasm = (
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): object => {
      instantiate(binary, { ...imports, env: { ...imports.env, memory } }).then((source) => {
        done(source.instance, source.module);
      }, reject);
      return {};
    };
    wasmFactory({ instantiateWasm }).then(resolve, reject);
  });
  const bind = (name: string, parameters: number) =>
    module.cwrap(name, 'number', new Array<'number'>(parameters).fill('number')) as (
      ...values: number[]
    ) => number;
  module.tfjs = {
    init: bind('init', 0),
    initWithThreadsCount: bind('init_with_threads_count', 1),
    getThreadsCount: bind('get_threads_count', 0),
    registerTensor: bind('register_tensor', 3),
    disposeData: bind('dispose_data', 1),
    dispose: bind('dispose', 0),
  };
  return module;
}
