import type { NonZeroName } from '../memory/kernels.js';
import { PixelSet } from './pixels.js';
import type { Rows } from './rows.js';

const BY_TYPE: Partial<Record<string, NonZeroName>> = {
  float32: 'set_nonzero_f32',
  int32: 'set_nonzero_i32',
  bool: 'set_nonzero_u8',
};

/** The pixels that a mask lets through, and whether it multiplies all of them by one. */
export interface Active {
  set: PixelSet;
  allOnes: boolean;
}

/**
 * The pixels of `want` where `mask` is not zero (or, with `invert`, where it is).
 * @param mask computed rows of one channel, complete for `want`; a mask of fewer pixels than `want`
 *     has repeats for every image
 */
export function activePixels(mask: Rows, want: PixelSet, invert = false): Active {
  const { runtime, set } = mask;
  const name = BY_TYPE[mask.dtype];
  if (!name) throw new Error(`a mask cannot be of type ${mask.dtype}`);
  const { arena, heap, kernels } = runtime;
  const pixels = arena.allocate(Math.max(want.count, 1) * 4);
  const flag = arena.allocate(4);
  const count = kernels[name](
    mask.pointer,
    mask.stride,
    want.total,
    want.pixels,
    want.count,
    set.total,
    set.rowOf,
    invert ? 1 : 0,
    pixels,
    flag,
  );
  const allOnes = heap.i32[flag >>> 2] === 1;
  arena.free(flag);
  if (count === want.count) {
    arena.free(pixels);
    return { set: want.retain(), allOnes };
  }
  return { set: PixelSet.fromList(runtime, want.total, count, pixels), allOnes };
}
