import fc from 'fast-check';
import { anyLayout, anySeed, inputFields, type Layout, placeInput } from './operands.js';
import { placeOutput, type Prepared, verify } from './operands.js';
import { random } from './random.js';
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

for (const kernel of ['f32_maxpool', 'f32_avgpool'] as const) {
  describeKernels(kernel, (sandbox) => {
    const check = (test: Case): void => {
      verify(sandbox(), kernel, () => prepare(sandbox(), POOLS[kernel], test));
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
      fc.assert(fc.property(anyCase, check), { numRuns: 150 });
    });
  });
}
