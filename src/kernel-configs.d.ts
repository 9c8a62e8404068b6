/** tfjs-backend-wasm's kernels as a list; made by the build from that package's own list. */
declare module '@tensorflow/tfjs-backend-wasm/dist/kernel_configs' {
  export const kernelConfigs: import('@tensorflow/tfjs-core').KernelConfig[];
}
