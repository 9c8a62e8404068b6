import type { Rows } from '../graph/rows.js';

/** All values of computed rows, in memory. */
export function valuesOf(rows: Rows, count = rows.set.count * rows.channels) {
  const { pointer, dtype } = rows;
  const { f32, i32, u8 } = rows.runtime.heap;
  if (dtype === 'bool') return u8.subarray(pointer, pointer + count);
  const at = pointer >>> 2;
  return (dtype === 'int32' ? i32 : f32).subarray(at, at + count);
}
