import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import '../../src/index.js';
import { PixelSet } from '../../src/graph/pixels.js';
import type { Runtime } from '../../src/arrays/runtime.js';
import { dynconv } from '../backend/footprint.js';

/** The machine that the backend runs on. */
export async function machine(): Promise<Runtime> {
  await tf.setBackend('dynconv');
  return dynconv().runtime;
}

/** The set of the given ascending pixels of `total`. */
export function setOf(runtime: Runtime, total: number, pixels: readonly number[]): PixelSet {
  const list = runtime.arena.allocate(Math.max(pixels.length, 1) * 4);
  runtime.heap.i32.set(pixels, list >>> 2);
  return PixelSet.fromList(runtime, total, pixels.length, list);
}

/** The pixels of a set. */
export function listOf(set: PixelSet): number[] {
  return Array.from({ length: set.count }, (_, row) => set.pixelAt(row));
}

/** Some, none or all of the pixels below `total`, in ascending order. */
export function anyPixels(total: number): fc.Arbitrary<number[]> {
  const all = Array.from({ length: total }, (_, pixel) => pixel);
  return fc.oneof(
    { weight: 6, arbitrary: fc.subarray(all) },
    fc.constant(all),
    fc.constant<number[]>([]),
  );
}
