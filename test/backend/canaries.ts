import type { Runtime } from '../../src/arrays/runtime.js';

/** Bytes before and after each block that nobody may write to. */
const MARGIN = 64;
/** A float32 NaN: who reads what nobody wrote gets no number. */
const CANARY = 0xffc0babe | 0;
const CANARY_BYTES = new Uint8Array(Int32Array.of(CANARY).buffer);

/**
 * Watches a WebAssembly heap from now on, until it is given up: each new block lies between margins of
 * canaries, and holds nothing but canaries itself.
 *
 * @returns a function that tells of margins that were written to since it was called last
 */
export function watchHeap({ module }: Runtime): () => string[] {
  // Emscripten puts the functions themselves in place when they are called for the first time.
  module._free(module._malloc(1));
  const malloc = module._malloc.bind(module);
  const free = module._free.bind(module);
  const sizes = new Map<number, number>();
  let damage: string[] = [];

  const look = (pointer: number, bytes: number): void => {
    const memory = module.HEAPU8;
    const check = (from: number, to: number, where: string): void => {
      for (let at = from; at < to; at++) {
        if (memory[at] === CANARY_BYTES[at & 3]) continue;
        damage.push(`byte ${at - pointer} of a block of ${bytes}, ${where} it, was written`);
        memory[at] = CANARY_BYTES[at & 3];
        return;
      }
    };
    check(pointer - MARGIN, pointer, 'before');
    check(pointer + bytes, pointer + ((bytes + 3) & ~3) + MARGIN, 'behind');
  };

  module._malloc = (bytes) => {
    const whole = ((bytes + 3) & ~3) + 2 * MARGIN;
    const start = malloc(whole) >>> 0;
    if (start === 0) return 0;
    module.HEAP32.fill(CANARY, start >>> 2, (start + whole) >>> 2);
    sizes.set(start + MARGIN, bytes);
    return start + MARGIN;
  };
  module._free = (signed) => {
    const pointer = signed >>> 0;
    const bytes = sizes.get(pointer);
    // Blocks that C++ code allocated, or that were there before, have no margins.
    if (bytes === undefined) free(signed);
    else {
      look(pointer, bytes);
      sizes.delete(pointer);
      free(pointer - MARGIN);
    }
  };
  return () => {
    for (const [pointer, bytes] of sizes) look(pointer, bytes);
    const found = damage;
    damage = [];
    return found;
  };
}
