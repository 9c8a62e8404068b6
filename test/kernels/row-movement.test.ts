import fc from 'fast-check';
import { anyLayout, anySeed, inputFields, placeInput, placeOutput, verify } from './operands.js';
import { random, randomSet, uniform } from './random.js';
import { describeKernels } from './sandbox.js';
import { placeOutPixels } from './windows.js';

const anyCase = fc.record({
  pixels: fc.integer({ min: 1, max: 12 }),
  channels: fc.integer({ min: 1, max: 17 }),
  layout: anyLayout,
  sparse: fc.boolean(),
  seed: anySeed,
});

describeKernels('rows_gather', (sandbox) => {
  it('copies the row of each pixel, zeros when it is absent', () => {
    fc.assert(
      fc.property(anyCase, (test) => {
        verify(
          sandbox(),
          'rows_gather',
          () => {
            const next = random(test.seed);
            const { channels } = test;
            const input = placeInput(sandbox(), next, test.pixels, channels, test.layout);
            const pixels = placeOutPixels(sandbox(), next, test.pixels, test.sparse);
            const rows = pixels.list.length;
            const { out, outStride, fields } = placeOutput(sandbox(), rows, channels);
            const command = sandbox().placeCommand({
              ...inputFields(sandbox(), input),
              ...pixels.fields,
              ...fields,
            });
            const expected = pixels.list.flatMap((p) => [
              ...input.values.subarray(p * channels, (p + 1) * channels),
            ]);
            return { command, rows, channels, out, outStride, expected };
          },
          0,
        );
      }),
    );
  });

  it('writes a ring', () => {
    verify(
      sandbox(),
      'rows_gather',
      () => {
        // Rows 5, 6 and 7 of an output of four rows.
        const values = uniform(random(1), 8 * 3);
        const { out, outStride, fields } = placeOutput(sandbox(), 4, 3);
        const command = sandbox().placeCommand({
          ...{ InBase: sandbox().placeFloats(values), InStride: 12, InChannels: 3 },
          ...fields,
          OutMask: 3,
        });
        sandbox().run('rows_gather', command, 4, 8);
        return { command, rows: 4, channels: 3, out, outStride, expected: values.subarray(0, 12) };
      },
      0,
    );
  });
});

describeKernels('rows_scatter', (sandbox) => {
  it('copies each row to the row of its pixel and leaves the others alone', () => {
    fc.assert(
      fc.property(anyCase, ({ pixels, channels, seed }) => {
        sandbox().reset();
        const next = random(seed);
        const list = randomSet(next, pixels, 0.5);
        const values = uniform(next, list.length * channels);
        const { out, outStride, fields } = placeOutput(sandbox(), pixels, channels);
        const command = sandbox().placeCommand({
          ...{ InBase: sandbox().placeFloats(values), InStride: channels * 4 },
          ...{ InChannels: channels, OutPixels: sandbox().placeInts(list), ...fields },
        });
        sandbox().run('rows_scatter', command, 0, list.length);
        sandbox().assertIntact();
        const actual = sandbox().floats(out, (pixels * outStride) / 4);
        const expected = new Float32Array(actual.length).fill(NaN);
        list.forEach((p, r) => {
          expected.set(values.subarray(r * channels, (r + 1) * channels), (p * outStride) / 4);
        });
        return actual.every((x, i) => Object.is(x, expected[i]));
      }),
    );
  });
});

describeKernels('rows_pad', (sandbox) => {
  it('surrounds, or crops, images', () => {
    const anyPad = fc.record({
      ...{ inH: fc.integer({ min: 1, max: 4 }), inW: fc.integer({ min: 1, max: 4 }) },
      ...{ top: fc.integer({ min: -2, max: 2 }), left: fc.integer({ min: -2, max: 2 }) },
      ...{ outH: fc.integer({ min: 1, max: 7 }), outW: fc.integer({ min: 1, max: 7 }) },
      images: fc.integer({ min: 1, max: 2 }),
      channels: fc.integer({ min: 1, max: 9 }),
      layout: anyLayout,
      sparse: fc.boolean(),
      seed: anySeed,
    });
    fc.assert(
      fc.property(anyPad, ({ inH, inW, outH, outW, top, left, channels, ...test }) => {
        verify(
          sandbox(),
          'rows_pad',
          () => {
            const next = random(test.seed);
            const inPixels = test.images * inH * inW;
            const input = placeInput(sandbox(), next, inPixels, channels, test.layout);
            const total = test.images * outH * outW;
            const pixels = placeOutPixels(sandbox(), next, total, test.sparse);
            const rows = pixels.list.length;
            const { out, outStride, fields } = placeOutput(sandbox(), rows, channels);
            const command = sandbox().placeCommand({
              ...inputFields(sandbox(), input),
              ...{ InH: inH, InW: inW, OutH: outH, OutW: outW, PadTop: top, PadLeft: left },
              ...pixels.fields,
              ...fields,
              Min: 0.75,
            });
            const expected = pixels.list.flatMap((p) => {
              const n = Math.floor(p / (outH * outW));
              const y = (Math.floor(p / outW) % outH) - top;
              const x = (p % outW) - left;
              const inside = y >= 0 && y < inH && x >= 0 && x < inW;
              const q = (n * inH + y) * inW + x;
              return inside
                ? [...input.values.subarray(q * channels, (q + 1) * channels)]
                : new Array<number>(channels).fill(0.75);
            });
            return { command, rows, channels, out, outStride, expected };
          },
          0,
        );
      }),
    );
  });
});
