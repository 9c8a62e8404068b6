import '@tensorflow/tfjs-backend-cpu';
import {
  getKernel,
  getKernelsForBackend,
  registerBackend,
  registerKernel,
} from '@tensorflow/tfjs-core';
import type { KernelConfig, KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { DynconvBackend } from './backend.js';
import { runOnCpu, tensorsOf } from './cpu.js';
import { loadRuntime } from './memory/load.js';
import { OutOfMemoryError } from './memory/heap.js';
import { operations } from './ops/index.js';
import type { Call } from './ops/operation.js';
import { wasmKernels } from './wasm_kernels.js';

/** The name that the backend is registered under. */
export const BACKEND = 'dynconv';

/** Above those of tfjs's other CPU backends, below the GPU's. */
const PRIORITY = 2;

/** The backend's kernels: deferred here, tfjs-backend-wasm's, or the cpu backend's. */
export function register(): void {
  registerBackend(BACKEND, async () => new DynconvBackend(await loadRuntime()), PRIORITY);
  const deferrable = new Map(operations.map((operation) => [operation.name, operation]));
  const names = new Set<string>();
  for (const wasm of wasmKernels) {
    const operation = deferrable.get(wasm.kernelName);
    const kernelFunc = ((args: Parameters<KernelFunc>[0]) => {
      const backend = args.backend as DynconvBackend;
      const deferred = holdsOnly(backend, args.inputs)
        ? operation?.defer({ ...(args as object), wasm } as Call)
        : null;
      return deferred ?? runAtOnce(wasm, args, backend);
    }) as KernelFunc;
    registerKernel({ ...wasm, backendName: BACKEND, kernelFunc });
    names.add(wasm.kernelName);
  }
  for (const { kernelName } of getKernelsForBackend('cpu')) {
    if (names.has(kernelName)) continue;
    const kernelFunc = (({ inputs, attrs, backend }) =>
      runOnCpu(kernelName, inputs, attrs, backend as DynconvBackend)) as KernelFunc;
    registerKernel({ kernelName, backendName: BACKEND, kernelFunc });
  }
}

/** Whether all inputs lie in WebAssembly memory, or will once they are computed. */
function holdsOnly(backend: DynconvBackend, inputs: NamedTensorInfoMap): boolean {
  return tensorsOf(inputs).every(({ dataId }) => backend.slot(dataId).storage !== null);
}

/** Runs tfjs-backend-wasm's kernel, or the cpu backend's where that one refuses the call. */
function runAtOnce(
  wasm: KernelConfig,
  { inputs, attrs }: Parameters<KernelFunc>[0],
  backend: DynconvBackend,
): TensorInfo | TensorInfo[] {
  const tensors = tensorsOf(inputs);
  const onCpu = tensors.some(({ dataId }) => backend.slot(dataId).cpuId !== null);
  if (onCpu) return runOnCpu(wasm.kernelName, inputs, attrs, backend);
  for (const { dataId } of tensors) backend.slot(dataId).compute();
  const { result, error } = backend.attempt(() => wasm.kernelFunc({ inputs, attrs: attrs ?? {}, backend }));
  if (result) return result;
  const isFault = error instanceof OutOfMemoryError || error instanceof WebAssembly.RuntimeError;
  if (isFault || !getKernel(wasm.kernelName, 'cpu')) throw error;
  return runOnCpu(wasm.kernelName, inputs, attrs, backend);
}
