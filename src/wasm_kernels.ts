import type { KernelConfig } from '@tensorflow/tfjs-core';
import { kernelConfigs } from '@tensorflow/tfjs-backend-wasm/dist/kernel_configs';

const byName = new Map(kernelConfigs.map((config) => [config.kernelName, config]));

/** All kernels of tfjs-backend-wasm. */
export const wasmKernels: readonly KernelConfig[] = kernelConfigs;

/** tfjs-backend-wasm's kernel of that name. */
export function wasmKernel(name: string): KernelConfig {
  const config = byName.get(name);
  if (!config) throw new Error(`tfjs-backend-wasm has no kernel ${name}`);
  return config;
}
