import type { backend_util } from '@tensorflow/tfjs-core';

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** The bytes of numbers as values of a type; some kernels of the cpu backend hand over plain arrays. */
export function bytesOf(
  values: backend_util.TypedArray | number[],
  dtype: keyof typeof ARRAYS,
): Uint8Array {
  const typed = values instanceof ARRAYS[dtype] ? values : ARRAYS[dtype].from(values);
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}

/** Values from `start` to `end`: faster than a slice, which clears what it writes to first. */
export function copied(
  values: Float32Array | Int32Array | Uint8Array,
  start: number,
  end: number,
): Float32Array | Int32Array | Uint8Array {
  if (values instanceof Float32Array) return new Float32Array(values.subarray(start, end));
  if (values instanceof Int32Array) return new Int32Array(values.subarray(start, end));
  return new Uint8Array(values.subarray(start, end));
}
