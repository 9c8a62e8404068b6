import { env, getKernel, registerBackend, registerKernel } from '@tensorflow/tfjs-core';
import type {
  KernelConfig,
  KernelFunc,
  NamedTensorInfoMap,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { DynconvBackend } from './backend.js';
import { CPU_ONLY, cpuKernel } from './cpu-backend.js';
import { recordable } from './recording.js';
import { tensorsOf } from './kernel-inputs.js';
import { runOnCpu } from './run-on-cpu.js';
import type { View } from './graph/view.js';
import { Runtime } from './arrays/runtime.js';
import { loadMachine } from './memory/load.js';
import { OutOfMemoryError } from './memory/heap.js';
import { compositions, operations } from './ops/index.js';
import type { Composition, KernelCall, Operation } from './lowering/operation.js';
import { isTrusted, wasmKernels } from './wasm-kernels.js';

/** The name that the backend is registered under. */
export const BACKEND = 'dynconv';

/** Above `cpu` (1), and `wasm` and `webgl` (2), below `webgpu` (3). */
const PRIORITY = 2.5;

/**
 * The backend, and its kernels: deferred here, tfjs-backend-wasm's, or the cpu backend's. Nothing where another
 * copy of the library was first: these kernels could not compute on that one's backend.
 */
export function register(): void {
  const start = async (): Promise<DynconvBackend> => new DynconvBackend(await startRuntime());
  if (!registerBackend(BACKEND, start, PRIORITY)) return;
  const deferrable = new Map(operations.map((operation) => [operation.name, operation]));
  for (const wasm of wasmKernels) {
    const operation = deferrable.get(wasm.kernelName);
    const kernelFunc: KernelFunc = (args) => run(wasm, operation, args, backendOf(args.backend));
    registerKernel({ ...wasm, backendName: BACKEND, kernelFunc: recordable(kernelFunc) });
  }
  for (const kernelName of CPU_ONLY) {
    const composition = compositions.find(({ name }) => name === kernelName);
    const kernelFunc: KernelFunc = ({ inputs, attrs = {}, backend }) =>
      (composition && compose(composition, inputs, attrs, backendOf(backend))) ??
      runOnCpu(kernelName, inputs, attrs, backendOf(backend));
    registerKernel({ kernelName, backendName: BACKEND, kernelFunc: recordable(kernelFunc) });
  }
}

/** Loads what the backend runs on; its workers start meanwhile. */
async function startRuntime(): Promise<Runtime> {
  const machine = await loadMachine();
  env().set('DYNCONV_VECTOR_BITS', machine.vectorBits);
  return new Runtime(machine);
}

function backendOf(backend: unknown): DynconvBackend {
  if (backend instanceof DynconvBackend) return backend;
  throw new Error(`a kernel of '${BACKEND}' was called on another backend`);
}

type KernelArguments = Parameters<KernelFunc>[0];

/** Defers a kernel call where that can be done, or runs it at once. */
function run(
  wasm: KernelConfig,
  operation: Operation | Operation<TensorInfo[]> | undefined,
  { inputs, attrs = {} }: KernelArguments,
  backend: DynconvBackend,
): TensorInfo | TensorInfo[] {
  const views = operation && viewsOf(inputs, backend);
  if (views) {
    const deferred = operation.defer({ inputs: views, tensors: inputs, attrs, backend, wasm });
    if (deferred) return deferred;
  }
  const { kernelName } = wasm;
  if (!isTrusted(kernelName, inputs, attrs) && cpuKernel(kernelName)) {
    return runOnCpu(kernelName, inputs, attrs, backend);
  }
  for (const { dataId } of tensorsOf(inputs)) backend.slot(dataId).compute();
  return runAtOnce(wasm, inputs, attrs, backend);
}

/** Runs a kernel that is made of others; null for inputs that it cannot do. */
function compose(
  composition: Composition,
  inputs: KernelArguments['inputs'],
  attrs: NonNullable<KernelArguments['attrs']>,
  backend: DynconvBackend,
): TensorInfo | null {
  const call: KernelCall = (name, operands, attributes) => {
    const { kernelFunc } = getKernel(name, BACKEND);
    return kernelFunc({ inputs: operands, attrs: attributes, backend }) as TensorInfo;
  };
  let isOwn = true;
  const { result, error } = backend.attempt(() => {
    const made = composition.compose(tensorsOf(inputs), attrs, call);
    isOwn = made !== null;
    return made ?? [];
  });
  if (!result) throw error;
  return isOwn ? (result as TensorInfo) : null;
}

/** The inputs as deferred operations read them; null if one has no values, or none in memory: a string, say. */
function viewsOf(inputs: NamedTensorInfoMap, backend: DynconvBackend): Record<string, View> | null {
  // A copy has the names already: to add one by one takes longer.
  const views = { ...inputs } as unknown as Record<string, View>;
  for (const name in views) {
    const input = inputs[name];
    if (!input) continue;
    const view = backend.slot(input.dataId).view(input.shape);
    if (!view || view.pixels * view.channels === 0) return null;
    views[name] = view;
  }
  return views;
}

/** Runs tfjs-backend-wasm's kernel, or the cpu backend's where that one refuses the call. */
function runAtOnce(
  wasm: KernelConfig,
  inputs: KernelArguments['inputs'],
  attrs: NonNullable<KernelArguments['attrs']>,
  backend: DynconvBackend,
): TensorInfo | TensorInfo[] {
  const { result, error } = backend.attempt(() => wasm.kernelFunc({ inputs, attrs, backend }));
  if (result) return result;
  const isFault = error instanceof OutOfMemoryError || error instanceof WebAssembly.RuntimeError;
  if (isFault || !cpuKernel(wasm.kernelName)) throw error;
  return runOnCpu(wasm.kernelName, inputs, attrs, backend);
}
