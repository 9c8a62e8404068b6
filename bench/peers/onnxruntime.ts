import type { Peer } from './peer.js';
import { PICTURE_SHAPE } from './peer.js';

/** As much of onnxruntime-common's API as is used here: onnxruntime-node and -web have it. */
export interface OnnxRuntime {
  env: { wasm: { wasmPaths?: string; numThreads?: number } };
  Tensor: new (type: 'float32', values: Float32Array, shape: readonly number[]) => OnnxTensor;
  InferenceSession: {
    create(
      model: Uint8Array,
      options: { intraOpNumThreads: number; executionProviders: string[] },
    ): Promise<OnnxSession>;
  };
}

interface OnnxTensor {
  getData(): Promise<Float32Array>;
}

interface OnnxSession {
  inputNames: readonly string[];
  outputNames: readonly string[];
  run(inputs: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

/** ONNX Runtime, native (`cpu`) or in a page (`wasm`), on so many threads. */
export function onnxRuntime(
  runtime: OnnxRuntime,
  {
    name,
    model,
    picture,
    ...options
  }: {
    name: string;
    isDense: boolean;
    provider: 'cpu' | 'wasm';
    threads: number;
    model: Uint8Array;
    picture: Float32Array;
  },
): Peer {
  const { isDense, provider, threads } = options;
  return {
    name,
    isDense,
    load: async () => {
      const session = await runtime.InferenceSession.create(model, {
        intraOpNumThreads: threads,
        executionProviders: [provider],
      });
      const input = new runtime.Tensor('float32', picture, PICTURE_SHAPE);
      return {
        predict: async () => {
          const outputs = await session.run({ [session.inputNames[0]]: input });
          return (await outputs[session.outputNames[0]].getData()).slice();
        },
        dispose: () => session.release(),
      };
    },
  };
}
