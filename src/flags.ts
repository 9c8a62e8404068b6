import { env } from '@tensorflow/tfjs-core';
import { relaxedSimd } from 'wasm-feature-detect';
import { MOST_LANES } from './arrays/control.js';
import { isRevectorized } from './memory/revectorize.js';
import { isVectorBits } from './memory/vector-width.js';

/*
 * The backend's flags, registered with tf.env() like those of the other backends.
 *
 * DYNCONV_LANES         threads that compute, the calling thread included; by default one a core; may be
 *                       set at any time
 * DYNCONV_SKIP          false computes every pixel with the same kernels
 * DYNCONV_RELAXED_SIMD  use fused multiply-add; detected when not set before the backend starts
 * DYNCONV_REVECTORIZE   in Node 24 and later, have V8 make 256-bit operations of pairs of 128-bit ones
 * DYNCONV_VECTOR_BITS   128 or 256: which unrolling table holds; 0 finds it out when the backend starts,
 *                       the default where V8 was asked for 256 bits; else 128
 */
const ENV = env();

/** As many threads as were asked for last. */
let asked: number | null = null;

/** Who hears of another number of threads. */
const lanesListeners = new Set<(lanes: number, cores: number) => void>();

ENV.registerFlag(
  'DYNCONV_LANES',
  () => Math.min(cores(), MOST_LANES),
  (value) => {
    if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST_LANES) {
      asked = Number(value);
      for (const listener of lanesListeners) listener(asked, cores());
      return;
    }
    ENV.set('DYNCONV_LANES', asked ?? Math.min(cores(), MOST_LANES));
    throw new Error(
      `DYNCONV_LANES is ${String(value)}; it must be a whole number from 1 to ${MOST_LANES}.`,
    );
  },
);
ENV.registerFlag('DYNCONV_SKIP', () => true);
ENV.registerFlag('DYNCONV_RELAXED_SIMD', () => relaxedSimd());
ENV.registerFlag('DYNCONV_REVECTORIZE', () => false);
ENV.registerFlag(
  'DYNCONV_VECTOR_BITS',
  // Finding out takes a tenth of a start: only where there is reason to.
  () => (ENV.getBool('DYNCONV_REVECTORIZE') || isRevectorized() ? 0 : 128),
  (value) => {
    if (value === 0 || isVectorBits(value)) return;
    ENV.set('DYNCONV_VECTOR_BITS', 0);
    throw new Error(
      `DYNCONV_VECTOR_BITS is ${String(value)}: it must be 128, 256, or 0 to find out.`,
    );
  },
);

/**
 * Tells `listener` how many threads are to compute, on how many cores, now and whenever that changes.
 * @returns what ends it
 */
export function onLanes(listener: (lanes: number, cores: number) => void): () => void {
  lanesListeners.add(listener);
  listener(ENV.getNumber('DYNCONV_LANES'), cores());
  return () => {
    lanesListeners.delete(listener);
  };
}

/** Whether masked pixels are skipped. */
export function skips(): boolean {
  return ENV.getBool('DYNCONV_SKIP');
}

/** The machine's cores, as far as it tells. */
function cores(): number {
  if (ENV.getBool('IS_NODE')) return process.getBuiltinModule('node:os').availableParallelism();
  return navigator.hardwareConcurrency || 1;
}
