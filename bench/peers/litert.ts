import type { Peer } from './peer.js';
import { PICTURE_SHAPE } from './peer.js';

/** As much of @litertjs/core's API as is used here. */
export interface LiteRt {
  loadLiteRt(wasmFolder: string, options: { threads: boolean }): Promise<unknown>;
  loadAndCompile(
    model: Uint8Array,
    options: { accelerator: 'wasm'; cpuOptions: { numThreads: number } },
  ): Promise<LiteRtModel>;
  Tensor: new (values: Float32Array, shape: readonly number[]) => LiteRtTensor;
}

interface LiteRtTensor {
  data(): Promise<Float32Array>;
  delete(): void;
}

interface LiteRtModel {
  run(inputs: LiteRtTensor[]): Promise<LiteRtTensor[]>;
  delete(): void;
}

/** LiteRT.js, whose runtime must have been loaded, on so many threads. */
export function liteRt(
  runtime: LiteRt,
  options: {
    name: string;
    isDense: boolean;
    threads: number;
    model: Uint8Array;
    picture: Float32Array;
  },
): Peer {
  const { name, isDense, threads, model, picture } = options;
  return {
    name,
    isDense,
    load: async () => {
      const compiled = await runtime.loadAndCompile(model, {
        accelerator: 'wasm',
        cpuOptions: { numThreads: threads },
      });
      const input = new runtime.Tensor(picture, PICTURE_SHAPE);
      return {
        predict: async () => {
          const outputs = await compiled.run([input]);
          const values = (await outputs[0].data()).slice();
          for (const output of outputs) output.delete();
          return values;
        },
        dispose: () => {
          input.delete();
          compiled.delete();
          return Promise.resolve();
        },
      };
    },
  };
}
