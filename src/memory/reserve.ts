import type { MemoryLimits } from './binary.js';

/**
 * What a memory may grow to, in pages of 64 KiB: from 4 GiB, as much as 32-bit addresses reach, down
 * to 256 MiB. Engines reserve all addresses of a shared memory at once, and small devices, those
 * with iOS among them, refuse that many.
 */
const MAXIMA = [65536, 32768, 16384, 8192, 4096];

/** A memory, and the limits that it was made with: whoever imports it must name the same. */
export interface Reserved {
  memory: WebAssembly.Memory;
  limits: MemoryLimits;
}

/**
 * Makes a memory that may grow as far as the platform allows: a shared one if there can be any, and
 * an unshared one otherwise.
 *
 * @param initial its size in pages.
 * @throws Error that tells what was tried, when the platform refuses all of it.
 */
export function reserveMemory(initial: number): Reserved {
  const tried: string[] = [];
  let refusal: unknown;
  for (const shared of typeof SharedArrayBuffer === 'undefined' ? [false] : [true, false]) {
    for (const maximum of MAXIMA) {
      const limits = { initial, maximum, shared };
      try {
        return { memory: new WebAssembly.Memory(limits), limits };
      } catch (error) {
        refusal = error;
        tried.push(`${shared ? 'shared' : 'unshared'}, at most ${maximum / 16} MiB`);
      }
    }
  }
  throw new Error(
    `tfjs-backend-dynconv got no WebAssembly memory of ${initial / 16} MiB. Tried: ${tried.join('; ')}. ` +
      `The platform says: ${refusal instanceof Error ? refusal.message : String(refusal)}. ` +
      `Close what else needs memory, or use another backend.`,
    { cause: refusal },
  );
}
