import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { DynconvBackend } from '../../src/backend.js';

/** What the backend holds, and what TensorFlow.js believes that it holds. */
export interface Footprint {
  tensors: number;
  bytes: number;
  buffers: number;
  /** Data ids that the backend knows. */
  ids: number;
  /** Blocks of the WebAssembly heap. */
  blocks: number;
  /** Bytes of the WebAssembly memory, used or not. */
  heap: number;
}

/** The backend under test, which is to be the current one. */
export function dynconv(): DynconvBackend {
  const backend: unknown = tf.backend();
  assert.instanceOf(backend, DynconvBackend);
  return backend;
}

export function footprint(): Footprint {
  const { numTensors, numBytes, numDataBuffers } = tf.memory();
  const { heap } = dynconv().runtime;
  return {
    tensors: numTensors,
    bytes: numBytes,
    buffers: numDataBuffers,
    ids: dynconv().numDataIds(),
    blocks: heap.blocks,
    heap: heap.u8.length,
  };
}

/** What the backend holds, in words, but for the memory that it has besides. */
export function held(): string {
  const { tensors, bytes, buffers, ids, blocks } = footprint();
  return `${tensors} tensors of ${bytes} bytes, ${buffers} buffers, ${ids} data ids, ${blocks} blocks`;
}

/** Runs `f`, after a first time that fills caches, and asserts that it leaves nothing behind. */
export async function assertLeavesNothing(f: () => unknown): Promise<void> {
  await f();
  const before = footprint();
  await f();
  assert.deepEqual(footprint(), before);
}

/**
 * Removes the backend and starts it afresh, on a new WebAssembly memory.
 *
 * @returns whether it started
 */
export async function restart(): Promise<boolean> {
  const { factory, priority } = tf.engine().registryFactory.dynconv;
  await tf.setBackend('cpu');
  tf.removeBackend('dynconv');
  tf.registerBackend('dynconv', factory, priority);
  return tf.setBackend('dynconv');
}
