import { assert } from 'chai';
import fc from 'fast-check';
import { Comparison } from '../../kernels/command.js';
import type { RowKernelName } from '../../src/memory/kernels.js';
import { anyLayout, anySeed, inputFields, placeInput, placeOutput, verify } from './operands.js';
import { random } from './random.js';
import { describeKernels } from './sandbox.js';
import { placeOutPixels } from './windows.js';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const GATE = { offset: 3, min: 0, max: 6, scale: 0.1666666716337204 };
const DIVISOR = 6;

/** The functions in float64, and how far off a kernel may be: units in the last place, and where x is far below 0. */
const FUNCTIONS: Partial<
  Record<
    RowKernelName,
    { of: (x: number) => number; ulps: number; below?: number; tolerance?: number }
  >
> = {
  f32_exp: { of: Math.exp, ulps: 2 },
  f32_sigmoid: { of: sigmoid, ulps: 4 },
  f32_tanh: { of: Math.tanh, ulps: 4 },
  f32_elu: { of: (x) => (x < 0 ? Math.expm1(x) : x), ulps: 2 },
  f32_silu: { of: (x) => x * sigmoid(x), ulps: 4, below: 2e-36 },
  // Far below 0 it is the rounding of its argument that counts.
  f32_gelu: {
    of: (x) => x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)),
    ulps: 128,
    below: 1e-35,
  },
  f32_self_gate: {
    of: (x) =>
      x * (Math.min(Math.max(Math.fround(x + GATE.offset), GATE.min), GATE.max) * GATE.scale),
    ulps: 4,
  },
  f32_square: { of: (x) => x * x, ulps: 0.51 },
  f32_cube: { of: (x) => x * x * x, ulps: 2 },
  f32_sqrt: { of: Math.sqrt, ulps: 0.51 },
  f32_rsqrt: { of: (x) => 1 / Math.sqrt(x), ulps: 2, tolerance: 1e-2 },
  f32_abs: { of: Math.abs, ulps: 0 },
  f32_divide: { of: (x) => x / DIVISOR, ulps: 0.51 },
};

const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 1e-30, -1e-30, 1e-44, 3e38, -3e38];
/** Where exp overflows, loses digits, and vanishes. */
const LIMITS = [88.72, 88.73, -87.3, -87.34, -103.9, -104.1];
const SWEEP = Float32Array.from([
  ...SPECIAL,
  ...LIMITS,
  ...Array.from({ length: 4001 }, (_, i) => (i - 2000) / 18),
  ...Array.from({ length: 4001 }, (_, i) => (i - 2000) / 400),
  ...Array.from({ length: 401 }, (_, i) => (i - 200) / 1e5),
]);

const bits = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0];

function parameters(kernel: RowKernelName) {
  if (kernel === 'f32_divide') return { Param0: bits(DIVISOR) };
  if (kernel !== 'f32_self_gate') return {};
  const { offset, min, max, scale } = GATE;
  return { Param0: bits(offset), Param1: bits(scale), Min: min, Max: max };
}

/** The distance of two float32 numbers of the size of `x`. */
function unit(x: number): number {
  return x === 0 ? 2 ** -149 : Math.max(2 ** (Math.floor(Math.log2(Math.abs(x))) - 23), 2 ** -149);
}

const anyCase = fc.record({
  pixels: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 17 }),
  layout: anyLayout,
  sparse: fc.boolean(),
  seed: anySeed,
});

for (const [name, { of, ulps, below = 2 ** -126, tolerance = 1e-6 }] of Object.entries(FUNCTIONS)) {
  const kernel = name as RowKernelName;
  describeKernels(kernel, (sandbox) => {
    it('computes any rows', () => {
      fc.assert(
        fc.property(anyCase, ({ pixels, channels, layout, sparse, seed }) => {
          const prepare = () => {
            const next = random(seed);
            const input = placeInput(sandbox(), next, pixels, channels, layout);
            const chosen = placeOutPixels(sandbox(), next, pixels, sparse);
            const rows = chosen.list.length;
            const { out, outStride, fields } = placeOutput(sandbox(), rows, channels);
            const command = sandbox().placeCommand({
              ...inputFields(sandbox(), input),
              ...chosen.fields,
              ...fields,
              ...parameters(kernel),
            });
            const expected = chosen.list.flatMap((pixel) =>
              [...input.values.subarray(pixel * channels, (pixel + 1) * channels)].map(of),
            );
            return { command, rows, channels, out, outStride, expected };
          };
          verify(sandbox(), kernel, prepare, tolerance);
        }),
      );
    });

    it('is close to float64 everywhere, in place, and NaN just where that is', () => {
      sandbox().reset();
      const address = sandbox().placeFloats(SWEEP);
      const command = sandbox().placeCommand({
        ...{ InBase: address, InStride: SWEEP.length * 4, InChannels: SWEEP.length },
        ...{ OutBase: address, OutStride: SWEEP.length * 4 },
        ...parameters(kernel),
      });
      sandbox().run(kernel, command, 0, 1);
      sandbox().assertIntact();
      sandbox()
        .floats(address, SWEEP.length)
        .forEach((actual, i) => {
          const x = SWEEP[i];
          const exact = of(x);
          const wanted = Math.fround(exact);
          if (Object.is(actual, wanted) || actual === wanted) return;
          const distance = Math.abs(actual - exact);
          const isClose = distance <= Math.max(ulps * unit(exact), below);
          assert.isTrue(isClose, `of ${x}: ${actual} instead of ${wanted}`);
        });
    });
  });
}

/** The comparisons as JavaScript has them. */
const COMPARISONS: readonly [Comparison, (x: number, y: number) => boolean][] = [
  [Comparison.Greater, (x, y) => x > y],
  [Comparison.GreaterEqual, (x, y) => x >= y],
  [Comparison.Less, (x, y) => x < y],
  [Comparison.LessEqual, (x, y) => x <= y],
  [Comparison.Equal, (x, y) => x === y],
  [Comparison.NotEqual, (x, y) => x !== y],
];

describeKernels('f32_compare', (sandbox) => {
  for (const [comparison, holds] of COMPARISONS) {
    it(`tells where ${Comparison[comparison]} holds, as JavaScript does, NaN and zeros included`, () => {
      for (const number of [...SPECIAL, 1, -2.5].map(Math.fround)) {
        sandbox().reset();
        const address = sandbox().placeFloats(SWEEP);
        const command = sandbox().placeCommand({
          ...{ InBase: address, InStride: SWEEP.length * 4, InChannels: SWEEP.length },
          ...{ OutBase: address, OutStride: SWEEP.length * 4 },
          ...{ Param0: bits(number), Param1: bits(comparison) },
        });
        sandbox().run('f32_compare', command, 0, 1);
        sandbox().assertIntact();
        const wanted = [...SWEEP].map((x) => Number(holds(x, number)));
        assert.deepEqual([...sandbox().floats(address, SWEEP.length)], wanted, `with ${number}`);
      }
    });
  }
});
