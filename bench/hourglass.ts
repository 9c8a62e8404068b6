import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from './network.js';

/**
 * The published workload: a converted pose network with dynamic blocks.
 *
 * @param source where its `model.json` lies, or what loads it.
 * @param picture float32 [height, width, 3], preprocessed.
 */
export async function hourglass(
  source: string | tf.io.IOHandler,
  picture: Float32Array,
): Promise<Network> {
  const model = await loadGraphModel(source);
  const [, height, width] = model.inputs[0].shape ?? [];
  const input = tf.tensor4d(picture, [1, height, width, 3]);
  return {
    input,
    predict: (x) =>
      tf.tidy(() => {
        const output = model.predict(x);
        const outputs = output instanceof tf.Tensor ? [output] : Object.values(output);
        return outputs[outputs.length - 1];
      }),
    dispose: () => {
      input.dispose();
      model.dispose();
    },
  };
}
