import type { Heap } from '../memory/heap.js';

/** Longer runs are copied by the engine, shorter ones faster word by word. */
const LONGEST_LOOP = 64;

/**
 * Copies `count` runs of `bytes` bytes, `fromStride` bytes apart, to where they are `toStride` bytes
 * apart.
 */
export function copyRuns(
  { u8, i32 }: Heap,
  count: number,
  bytes: number,
  from: number,
  fromStride: number,
  to: number,
  toStride: number,
): void {
  const areWords = ((bytes | from | fromStride | to | toStride) & 3) === 0;
  const isShort = areWords && bytes <= LONGEST_LOOP;
  for (let run = 0; run < count; run++, from += fromStride, to += toStride) {
    if (!isShort) u8.copyWithin(to, from, from + bytes);
    // Addresses may be beyond 2 GiB.
    else for (let at = 0; at < bytes; at += 4) i32[(to + at) >>> 2] = i32[(from + at) >>> 2];
  }
}
