import type * as tf from '@tensorflow/tfjs-core';

/** A network to run; what it holds lies on the backend that was current when it was made. */
export interface Network {
  /** One prediction; the caller disposes of what it returns. */
  predict(): tf.Tensor;
  dispose(): void;
}
