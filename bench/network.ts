import type * as tf from '@tensorflow/tfjs-core';
import { capture } from 'tfjs-backend-dynconv';

/** A network to run; what it holds lies on the backend that was current when it was made. */
export interface Network {
  readonly input: tf.Tensor;
  /** One prediction; the caller disposes of what it returns. */
  predict(input: tf.Tensor): tf.Tensor;
  dispose(): void;
}

/** The same network by its kernels alone, on the current backend, which is to be dynconv. */
export function captured(network: Network): Network {
  const { input } = network;
  const replay = capture((x) => network.predict(x), input);
  return {
    input,
    predict: (x) => replay(x),
    dispose() {
      replay.dispose();
    },
  };
}
