import { assert } from 'chai';
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
  readonly seed: number;
}

/** What each pool makes of the values under a window, inside the image. */
const POOLS = {
  f32_maxpool: (values: number[]) => Math.max(...values),
  f32_avgpool: (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length,
} as const;

function prepare(sandbox: Sandbox, pool: (values: number[]) => number, test: Case): Prepared {
  const { windows, channels } = test;
  const next = random(test.seed);
  const input = placeInput(sandbox, next, inPixels(windows), channels, test.layout);
  const pixels = placeOutPixels(sandbox, next, outPixels(windows), test.sparse);
  const rows = pixels.list.length;
  const { out, outStride, fields } = placeOutput(sandbox, rows, channels);
  const command = sandbox.placeCommand({
    ...inputFields(sandbox, input),
    ...windowFields(windows),
    ...pixels.fields,
    ...fields,
  });
  const expected = pixels.list.flatMap((p) => {
    const inside = windowTaps(windows, p).filter((q) => q >= 0);
    return Array.from({ length: channels }, (_, c) =>
      pool(inside.map((q) => input.values[q * channels + c])),
    );
  });
  return { command, rows, channels, out, outStride, expected };
}

for (const kernelName of ['f32_maxpool', 'f32_avgpool'] as const) {
  describeKernels(kernelName, (sandbox) => {
    const check = (test: Case): void => {
      verify(sandbox(), kernelName, () => prepare(sandbox(), POOLS[kernelName], test));
    };

    it('computes every remainder of rows and channels', () => {
      for (let rows = 1; rows <= 9; rows++) {
        for (let channels = 1; channels <= 9; channels++) {
          const windows = sameWindows(1, rows, 3);
          check({ windows, channels, layout: 'dense', sparse: false, seed: rows });
        }
      }
    });

    it('computes any geometry, operand layout and set of pixels', () => {
      const anyCase = fc.record({
        windows: anyWindows,
        channels: fc.integer({ min: 1, max: 9 }),
        layout: anyLayout,
        sparse: fc.boolean(),
        seed: anySeed,
      });
      fc.assert(fc.property(anyCase, check), { numRuns: 300 });
    });

    it('reads lines that go on where a ring begins anew', () => {
      const ring = 64;
      const anyRing = fc.record({
        width: fc.integer({ min: 3, max: 9 }),
        kernel: fc.integer({ min: 1, max: 4 }),
        start: fc.double({ min: 0, max: 1, noNaN: true }),
        channels: fc.integer({ min: 1, max: 9 }),
        seed: anySeed,
      });
      fc.assert(
        fc.property(anyRing, ({ width, kernel, start, channels, seed }) => {
          fc.pre(kernel <= width);
          sandbox().reset();
          const windows = {
            ...sameWindows(30, width, kernel),
            ...{ outH: 31 - kernel, outW: width + 1 - kernel, padTop: 0, padLeft: 0 },
          };
          // The last rows that were written are in the ring, the others are overwritten.
          const first = Math.floor(start * (inPixels(windows) - ring));
          const values = uniform(random(seed), inPixels(windows) * channels);
          const stored = new Float32Array(ring * channels);
          for (let row = first; row < first + ring; row++) {
            const place = (row % ring) * channels;
            stored.set(values.subarray(row * channels, (row + 1) * channels), place);
          }
          const pixels = Array.from({ length: outPixels(windows) }, (_, p) => p).filter((p) =>
            windowTaps(windows, p).every((q) => q >= first && q < first + ring),
          );
          fc.pre(pixels.length > 0);
          const out = sandbox().placeFloats(new Float32Array(outPixels(windows) * channels));
          const command = sandbox().placeCommand({
            ...{ InBase: sandbox().placeFloats(stored), InStride: channels * 4, InMask: ring - 1 },
            ...{ InChannels: channels, OutBase: out, OutStride: channels * 4 },
            ...windowFields(windows),
          });
          sandbox().run(kernelName, command, pixels[0], pixels[pixels.length - 1] + 1);
          for (const p of pixels) {
            const actual = sandbox().floats(out + p * channels * 4, channels);
            for (let c = 0; c < channels; c++) {
              const taps = windowTaps(windows, p).map((q) => values[q * channels + c]);
              assert.closeTo(actual[c], POOLS[kernelName](taps), 1e-5, `pixel ${p}, channel ${c}`);
            }
          }
        }),
      );
    });
  });
}
