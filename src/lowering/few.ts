import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { force } from '../graph/force.js';
import { anyDeferred, required } from './operation.js';
import type { Call } from './operation.js';

/** Up to so many numbers take less time here than the call of a WebAssembly kernel does. */
const FEW = 8;

/**
 * An operation of few numbers in memory, at once: models compute with single ones between layers.
 * @param apply a sum, difference, product or quotient: rounded to float32, that of doubles is exactly
 *     that of float32
 * @returns null for anything but float32 in memory, one for one or one for all
 */
export function computeFew(call: Call, apply: (x: number, y: number) => number): TensorInfo | null {
  const { backend } = call;
  const [a, b] = [required(call, 'a'), required(call, 'b')];
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || anyDeferred(a, b)) return null;
  const [aSize, bSize] = [a.pixels * a.channels, b.pixels * b.channels];
  if (aSize > FEW || bSize > FEW) return null;
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const size = tf.util.sizeFromShape(shape);
  if (size !== Math.max(aSize, bSize) || (aSize !== bSize && Math.min(aSize, bSize) > 1))
    return null;
  force(a.storage);
  force(b.storage);
  const from = a.storage.pointer >>> 2;
  const other = b.storage.pointer >>> 2;
  return backend.output(shape, 'float32', (pointer) => {
    const to = pointer >>> 2;
    const { f32 } = backend.runtime.heap;
    for (let i = 0; i < size; i++) {
      f32[to + i] = apply(f32[from + (aSize > 1 ? i : 0)], f32[other + (bSize > 1 ? i : 0)]);
    }
  });
}
