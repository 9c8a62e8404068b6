import { assetBytes } from './environment.js';

/** The instruction sets that the kernels are compiled for. */
export type KernelVariant = 'simd' | 'relaxed-simd';

/** The compiled kernels of one instruction set. */
export function kernelBytes(variant: KernelVariant): Promise<Uint8Array<ArrayBuffer>> {
  return assetBytes(`dist/dynconv-${variant}.wasm`);
}
