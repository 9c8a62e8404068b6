import { assert } from 'chai';
import fc from 'fast-check';
import type { Fields } from './fields.js';
import type { RowKernelName } from '../../src/memory/kernels.js';
import { randomSet, uniform } from './random.js';
import type { Sandbox } from './sandbox.js';

/** How an input lies in memory: by pixel, as compact rows, or as compact rows in a ring. */
export type Layout = 'dense' | 'compact' | 'ring';

/** A feature map: `values` [pixel][channel]; absent pixels are zeros in it. */
export interface Input {
  readonly values: Float32Array;
  readonly channels: number;
  readonly base: number;
  readonly stride: number;
  readonly mask: number;
  readonly rowOf: number;
}

/** Places an input of random values, and random absent pixels unless it is dense. */
export function placeInput(
  sandbox: Sandbox,
  next: () => number,
  pixels: number,
  channels: number,
  layout: Layout,
): Input {
  const values = uniform(next, pixels * channels);
  const padding = next() < 0.5 ? 0 : 3;
  const width = channels + padding;
  if (layout === 'dense') {
    const rows = new Float32Array(pixels * width).fill(NaN);
    for (let p = 0; p < pixels; p++) {
      rows.set(values.subarray(p * channels, (p + 1) * channels), p * width);
    }
    const base = sandbox.placeFloats(rows);
    return { values, channels, base, stride: width * 4, mask: -1, rowOf: 0 };
  }
  const present = randomSet(next, pixels, 0.7);
  const ring = layout === 'ring';
  const size = ring ? 2 ** Math.ceil(Math.log2(present.length)) : present.length;
  const mask = ring ? size - 1 : -1;
  const first = ring ? Math.floor(next() * 100) : 0;
  const rowOf = new Int32Array(pixels).fill(-1);
  const rows = new Float32Array(size * width).fill(NaN);
  const kept = new Float32Array(values.length);
  present.forEach((p, i) => {
    const row = values.subarray(p * channels, (p + 1) * channels);
    rowOf[p] = first + i;
    rows.set(row, ((first + i) & mask) * width);
    kept.set(row, p * channels);
  });
  return {
    values: kept,
    channels,
    base: sandbox.placeFloats(rows),
    stride: width * 4,
    mask,
    rowOf: sandbox.placeInts(rowOf),
  };
}

/** The words of a command that name its first input. */
export function inputFields(sandbox: Sandbox, input: Input): Fields {
  return {
    InBase: input.base,
    InStride: input.stride,
    InMask: input.mask,
    InRowOf: input.rowOf,
    InChannels: input.channels,
    Zero: sandbox.placeFloats(new Float32Array(input.channels + 4)),
  };
}

/** The words of a command that name its second input. */
export function input2Fields(input: Input): Fields {
  return {
    In2Base: input.base,
    In2Stride: input.stride,
    In2Mask: input.mask,
    In2RowOf: input.rowOf,
  };
}

/** A kernel call that is ready to run, and what it must write: values [row][channel]. */
export interface Prepared {
  readonly command: number;
  readonly rows: number;
  readonly channels: number;
  readonly out: number;
  readonly outStride: number;
  readonly expected: ArrayLike<number>;
}

/**
 * Places an output. Half of the time rows lie apart, so that what is written between them shows; else
 * they are one run of numbers, for which some kernels have a shorter way.
 */
export function placeOutput(sandbox: Sandbox, rows: number, channels: number) {
  const outStride = (channels + ((rows + channels) % 2) * 2) * 4;
  const out = sandbox.alloc(rows * outStride);
  return { out, outStride, fields: { OutBase: out, OutStride: outStride } satisfies Fields };
}

/**
 * Runs the kernel on all rows at once and holds the output against what is expected; then again
 * with the rows split in two ranges, the second first: the same bits must come out wherever that is.
 */
export function verify(
  sandbox: Sandbox,
  kernel: RowKernelName,
  prepare: () => Prepared,
  tolerance = 2e-5,
): void {
  const run = (split: number): Float32Array => {
    sandbox.reset();
    const { command, rows, out, outStride } = prepare();
    if (split < rows) sandbox.run(kernel, command, split, rows);
    if (split > 0) sandbox.run(kernel, command, 0, split);
    sandbox.assertIntact();
    return sandbox.floats(out, (rows * outStride) / 4);
  };
  sandbox.reset();
  const { rows, channels, outStride, expected } = prepare();
  const whole = run(rows);
  const width = outStride / 4;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < width; c++) {
      const actual = whole[r * width + c];
      const where = `row ${r} of ${rows}, channel ${c} of ${channels}`;
      if (c >= channels) {
        if (!Number.isNaN(actual)) throw new Error(`written behind ${where}`);
        continue;
      }
      const wanted = expected[r * channels + c];
      const equal = Object.is(actual, wanted) || Math.abs(actual - wanted) <= tolerance;
      if (!equal) throw new Error(`${where}: ${actual} instead of ${wanted}`);
    }
  }
  const bits = new Int32Array(whole.buffer);
  // Every place in short outputs, else the remainders of a tile and some dozen more.
  const step = rows <= 16 ? 1 : Math.ceil(rows / 12);
  for (let split = 1; split < rows; split += split < 4 ? 1 : step) {
    const parts = new Int32Array(run(split).buffer);
    assert.isTrue(
      parts.every((bit, i) => bit === bits[i]),
      `other bits when split at row ${split} of ${rows}`,
    );
  }
}

/** Any layout of an input. */
export const anyLayout = fc.constantFrom<Layout>('dense', 'compact', 'ring');

/** The parameters of a random case: a seed, the images' size, and which pixels are computed. */
export const anySeed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
