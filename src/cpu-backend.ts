import { engine, getKernel } from '@tensorflow/tfjs-core';
import type { KernelBackend, KernelConfig } from '@tensorflow/tfjs-core';
import { loadCpuBackend } from './load-cpu-backend.js';

/** The kernels of the cpu backend that tfjs-backend-wasm has none of. */
export const CPU_ONLY: readonly string[] = [
  ...['Complex', 'ComplexAbs', 'Real', 'Imag', 'FFT', 'IFFT', 'Einsum', 'UnsortedSegmentSum'],
  ...['Conv2DBackpropFilter'],
  ...['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
  ...['RaggedGather', 'RaggedRange', 'RaggedTensorToTensor', 'StaticRegexReplace', 'Draw'],
];

/** The cpu backend, which holds the types that have no place in WebAssembly memory. */
export function cpuBackend(): KernelBackend {
  loadCpuBackend();
  return engine().findBackend('cpu');
}

/** The cpu backend's kernel of that name, if it has one. */
export function cpuKernel(name: string): KernelConfig | undefined {
  loadCpuBackend();
  return getKernel(name, 'cpu');
}
