/** Copying of single rows, which are too short for the call that `memory.copy` makes. */
import { LANES, loadLanes, storeLanes, storePair, VECTOR } from './vector';

/** Copies `count` float32 from `src` to `dst`; the two are disjoint or the same. */
export function copyRow(dst: usize, src: usize, count: i32): void {
  const end = dst + ((<usize>(count & -LANES)) << 2);
  for (; dst + VECTOR < end; dst += 32, src += 32) {
    const x0 = v128.load(src);
    const x1 = v128.load(src, 16);
    storePair(dst, x0, x1);
  }
  if (dst < end) {
    v128.store(dst, v128.load(src));
    dst += 16;
    src += 16;
  }
  const rest = count & (LANES - 1);
  if (rest) storeLanes(dst, loadLanes(src, rest), rest);
}

/** Fills `bytes` bytes at `dst` with `value`. */
export function fill_bytes(dst: usize, value: i32, bytes: usize): void {
  memory.fill(dst, <u8>value, bytes);
}

/** Fills `count` float32 at `dst` with `value`. */
export function fillRow(dst: usize, value: f32, count: i32): void {
  const x = f32x4.splat(value);
  const end = dst + ((<usize>(count & -LANES)) << 2);
  for (; dst < end; dst += 16) v128.store(dst, x);
  const rest = count & (LANES - 1);
  if (rest) storeLanes(dst, x, rest);
}
