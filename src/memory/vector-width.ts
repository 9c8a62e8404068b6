import { util } from '@tensorflow/tfjs-core';

/** Bits of the vectors that the engine makes of neighbouring 128-bit operations. */
export const VECTOR_WIDTHS = [128, 256] as const;
export type VectorBits = (typeof VECTOR_WIDTHS)[number];

export function isVectorBits(value: unknown): value is VectorBits {
  return VECTOR_WIDTHS.some((bits) => bits === value);
}

/** Loops that take the same time, unless the engine merges neighbouring vectors of the first. */
export interface WidthLoops {
  vector_width_adjacent: (rounds: number, pointer: number) => void;
  vector_width_apart: (rounds: number, pointer: number) => void;
}

/** Float32 that the loops read and write. */
const LOOP_FLOATS = 60;
/** A merged loop is 1.5 to 2 times as fast. Beyond that, only one of the loops is optimized yet. */
const MERGED = { least: 1.3, most: 2.6 };
/** An optimized loop takes less than this share of the time of one that is not: about a quarter. */
const OPTIMIZED = 0.5;
/** So many pairs of slices, one after the other, have to agree. */
const AGREEING = 4;
/** A slice is short, but long enough for the ticks of a clock, which browsers make coarse. */
const SLICE_MILLISECONDS = 0.1;
const TICKS_PER_SLICE = 10;
const LEAST_TICKS = 3;
/** The engine may take as long to optimize the loops; an engine that does not has no wide vectors. */
const PATIENCE_MILLISECONDS = 300;

/**
 * Whether the engine makes 256-bit operations of neighbouring 128-bit ones (V8 behind the flag
 * --experimental-wasm-revectorize, on processors with AVX2): two loops are timed in short slices,
 * until they are optimized and several slices agree.
 *
 * @param loops on memory of their own
 * @param f32 that memory
 */
export async function probeVectorBits(loops: WidthLoops, f32: Float32Array): Promise<VectorBits> {
  f32.fill(0.5, 0, LOOP_FLOATS);
  const time = (name: keyof WidthLoops, rounds: number): number => {
    const start = util.now();
    loops[name](rounds, 0);
    return util.now() - start;
  };
  const end = util.now() + PATIENCE_MILLISECONDS;
  const tick = clockTick();
  // Longer and longer slices; the first of them that the clock tells are not optimized yet.
  let rounds = 256;
  let slowest = 0;
  for (let least = 0; least < Math.max(SLICE_MILLISECONDS, TICKS_PER_SLICE * tick);) {
    rounds *= 2;
    least = Math.min(time('vector_width_apart', rounds), time('vector_width_apart', rounds));
    if (least >= LEAST_TICKS * tick) slowest = Math.max(slowest, least / rounds);
  }
  let isOptimized = false;
  let merged = 0;
  let plain = 0;
  while (merged < AGREEING && plain < AGREEING && util.now() < end) {
    // The engine optimizes beside this thread, and gets time for it.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const adjacent = time('vector_width_adjacent', rounds);
    const apart = time('vector_width_apart', rounds);
    if (!isOptimized && Math.max(adjacent, apart) < OPTIMIZED * slowest * rounds) {
      isOptimized = true;
      rounds *= 4;
      continue;
    }
    const ratio = apart / adjacent;
    merged = ratio > MERGED.least && ratio < MERGED.most ? merged + 1 : 0;
    plain = isOptimized && ratio <= MERGED.least ? plain + 1 : 0;
  }
  return merged === AGREEING ? 256 : 128;
}

/** The smallest step of the clock, in milliseconds. */
function clockTick(): number {
  const start = util.now();
  let first = start;
  while (first === start) first = util.now();
  let second = first;
  while (second === first) second = util.now();
  return second - first;
}
