import { env } from '@tensorflow/tfjs-core';
import { relaxedSimd } from 'wasm-feature-detect';

/*
 * The backend's flags, registered with tf.env() like those of the other backends.
 *
 * DYNCONV_LANES         threads in all; 1 is the calling thread alone, the only choice so far
 * DYNCONV_SKIP          false computes every pixel with the same kernels
 * DYNCONV_RELAXED_SIMD  use fused multiply-add; detected when not set before the backend starts
 */
const ENV = env();

ENV.registerFlag(
  'DYNCONV_LANES',
  () => 1,
  (value) => {
    if (value !== 1) {
      ENV.set('DYNCONV_LANES', 1);
      throw new Error(
        `DYNCONV_LANES is ${String(value)}, but this version runs on one lane: leave it at 1.`,
      );
    }
  },
);
ENV.registerFlag('DYNCONV_SKIP', () => true);
ENV.registerFlag('DYNCONV_RELAXED_SIMD', () => relaxedSimd());

/** Whether masked pixels are skipped. */
export function skips(): boolean {
  return ENV.getBool('DYNCONV_SKIP');
}
