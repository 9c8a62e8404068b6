import fc from 'fast-check';
import { anyLayout, anySeed, inputFields, type Layout, placeInput } from './operands.js';
import { placeOutput, type Prepared, verify } from './operands.js';
import { random, uniform } from './random.js';
import { describeKernels, type Sandbox } from './sandbox.js';
import { anyWindows, inPixels, outPixels, placeOutPixels, sameWindows } from './windows.js';
import { windowFields, type Windows, windowTaps } from './windows.js';

interface Case {
  readonly windows: Windows;
  readonly channels: number;
  readonly layout: Layout;
  readonly sparse: boolean;
  readonly bias: boolean;
  readonly clamp: boolean;
  readonly seed: number;
}

function prepare(sandbox: Sandbox, test: Case): Prepared {
  const { windows, channels } = test;
  const next = random(test.seed);
  const input = placeInput(sandbox, next, inPixels(windows), channels, test.layout);
  const weights = uniform(next, windows.kernelH * windows.kernelW * channels);
  const bias = test.bias ? uniform(next, channels) : undefined;
  const [min, max] = test.clamp ? [-0.25, 0.5] : [-Infinity, Infinity];
  const pixels = placeOutPixels(sandbox, next, outPixels(windows), test.sparse);
  const rows = pixels.list.length;
  const { out, outStride, fields } = placeOutput(sandbox, rows, channels);
  const command = sandbox.placeCommand({
    ...inputFields(sandbox, input),
    ...windowFields(windows),
    ...pixels.fields,
    ...fields,
    OutChannels: channels,
    Weights: sandbox.placeFloats(weights),
    Bias: bias ? sandbox.placeFloats(bias) : 0,
    Min: min,
    Max: max,
  });
  const expected = pixels.list.flatMap((p) => {
    const read = windowTaps(windows, p);
    return Array.from({ length: channels }, (_, c) => {
      let sum = bias ? bias[c] : 0;
      read.forEach((q, tap) => {
        if (q >= 0) sum += input.values[q * channels + c] * weights[tap * channels + c];
      });
      return Math.min(Math.max(sum, min), max);
    });
  });
  return { command, rows, channels, out, outStride, expected };
}

const PLAIN = { layout: 'dense', sparse: false, bias: true, clamp: false } as const;

for (const kernel of ['f32_dwconv_8x4', 'f32_dwconv_8x8'] as const) {
  describeKernels(kernel, (sandbox) => {
    const check = (test: Case): void => {
      verify(sandbox(), kernel, () => prepare(sandbox(), test));
    };

    it('computes every remainder of rows and channels, sliding or not', () => {
      for (const size of [1, 3, 5]) {
        for (let rows = 1; rows <= 9; rows++) {
          for (let channels = 1; channels <= 17; channels += rows === 9 ? 1 : 3) {
            check({ ...PLAIN, windows: sameWindows(1, rows, size), channels, seed: rows });
          }
        }
      }
    });

    it('computes windows that slide over lines of any length, dense and in sets', () => {
      for (const size of [3, 5]) {
        for (let width = 1; width <= 21; width++) {
          const windows = sameWindows(3, width, size);
          for (const sparse of [false, true]) {
            check({ ...PLAIN, windows, channels: 6, sparse, seed: width });
            check({ ...PLAIN, windows, channels: 13, sparse, seed: width });
            check({ ...PLAIN, windows, channels: 6, sparse, layout: 'ring', seed: width });
          }
        }
      }
    });

    it('computes any geometry, operand layout and set of pixels', () => {
      const anyCase = fc.record({
        windows: anyWindows,
        channels: fc.integer({ min: 1, max: 13 }),
        layout: anyLayout,
        sparse: fc.boolean(),
        bias: fc.boolean(),
        clamp: fc.boolean(),
        seed: anySeed,
      });
      fc.assert(fc.property(anyCase, check), { numRuns: 200 });
    });
  });
}
