const CPU_BACKEND = '@tensorflow/tfjs-backend-cpu';

/**
 * An esbuild plugin for bundles in CommonJS: the cpu backend is loaded when it is first needed.
 *
 * @returns {import('esbuild').Plugin}
 */
export function cpuOnDemand() {
  return {
    name: 'cpu-on-demand',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]load-cpu-backend\.ts$/ }, () => ({
        contents: `export function loadCpuBackend() { require('${CPU_BACKEND}'); }`,
      }));
    },
  };
}
