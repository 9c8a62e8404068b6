import { assert } from 'chai';
import fc from 'fast-check';
import { anyLayout, anySeed, inputFields, type Layout, placeInput } from './operands.js';
import { placeOutput, type Prepared, verify } from './operands.js';
import { random } from './random.js';
import { describeKernels, type Sandbox } from './sandbox.js';
import { placeOutPixels } from './windows.js';

interface Case {
  readonly images: number;
  readonly inH: number;
  readonly inW: number;
  readonly outH: number;
  readonly outW: number;
  readonly centers: 'corner' | 'half' | 'aligned';
  readonly channels: number;
  readonly layout: Layout;
  readonly sparse: boolean;
  readonly seed: number;
}

/** Input pixels and their weights. */
type Sources = (readonly [pixel: number, weight: number])[];

/** The exact input coordinate of an output coordinate. */
function coordinate(i: number, inSize: number, outSize: number, centers: Case['centers']): number {
  if (centers === 'aligned' && outSize > 1) return (i * (inSize - 1)) / (outSize - 1);
  if (centers === 'half') return ((i + 0.5) * inSize) / outSize - 0.5;
  return (i * inSize) / outSize;
}

/** Both neighbours of a coordinate along one axis, with their weights. */
function linear(i: number, inSize: number, outSize: number, centers: Case['centers']): Sources {
  const exact = coordinate(i, inSize, outSize, centers);
  const at = Math.min(Math.max(exact, 0), inSize - 1);
  const low = Math.floor(at);
  return [
    [low, 1 - (at - low)],
    [Math.min(low + 1, inSize - 1), at - low],
  ];
}

/** The nearest coordinate along one axis. */
function nearest(i: number, inSize: number, outSize: number, centers: Case['centers']): Sources {
  let exact = coordinate(i, inSize, outSize, centers);
  if (centers !== 'corner') exact += 0.5;
  // Ties are computed in float32; an exact tie here stays one there.
  return [[Math.min(Math.floor(exact), inSize - 1), 1]];
}

const RULES = { f32_resize_nearest: nearest, f32_resize_bilinear: linear } as const;
type Kernel = keyof typeof RULES;

function sources(kernel: Kernel, test: Case, p: number): Sources {
  const n = Math.floor(p / (test.outH * test.outW));
  const y = Math.floor(p / test.outW) % test.outH;
  const x = p % test.outW;
  const rule = RULES[kernel];
  return rule(y, test.inH, test.outH, test.centers).flatMap(([iy, wy]) =>
    rule(x, test.inW, test.outW, test.centers).map(
      ([ix, wx]) => [(n * test.inH + iy) * test.inW + ix, wy * wx] as const,
    ),
  );
}

function sizeFields(test: Case) {
  return {
    ...{ InH: test.inH, InW: test.inW, OutH: test.outH, OutW: test.outW },
    Param0: Number(test.centers === 'aligned'),
    Param1: Number(test.centers === 'half'),
  };
}

function prepare(sandbox: Sandbox, kernel: Kernel, test: Case): Prepared {
  const { channels } = test;
  const next = random(test.seed);
  const inPixels = test.images * test.inH * test.inW;
  const input = placeInput(sandbox, next, inPixels, channels, test.layout);
  const outPixels = test.images * test.outH * test.outW;
  const pixels = placeOutPixels(sandbox, next, outPixels, test.sparse);
  const rows = pixels.list.length;
  const { out, outStride, fields } = placeOutput(sandbox, rows, channels);
  const command = sandbox.placeCommand({
    ...inputFields(sandbox, input),
    ...sizeFields(test),
    ...pixels.fields,
    ...fields,
  });
  const expected = pixels.list.flatMap((p) => {
    const read = sources(kernel, test, p);
    return Array.from({ length: channels }, (_, c) =>
      read.reduce((sum, [q, weight]) => sum + weight * input.values[q * channels + c], 0),
    );
  });
  return { command, rows, channels, out, outStride, expected };
}

const size = fc.integer({ min: 1, max: 8 });
// Powers of two as output sizes leave no room for rounding in the choice of the nearest pixel.
const exactSize = fc.constantFrom(1, 2, 4, 8, 16);

const anyCase = (kernel: Kernel): fc.Arbitrary<Case> =>
  fc.record({
    images: fc.integer({ min: 1, max: 2 }),
    inH: size,
    inW: size,
    outH: kernel === 'f32_resize_nearest' ? exactSize : size,
    outW: kernel === 'f32_resize_nearest' ? exactSize : size,
    centers: fc.constantFrom(
      'corner',
      'half',
      ...(kernel === 'f32_resize_bilinear' ? (['aligned'] as const) : []),
    ),
    channels: fc.integer({ min: 1, max: 9 }),
    layout: anyLayout,
    sparse: fc.boolean(),
    seed: anySeed,
  });

const SETS = {
  f32_resize_nearest: 'set_resize_nearest',
  f32_resize_bilinear: 'set_resize_bilinear',
} as const;

for (const kernel of ['f32_resize_nearest', 'f32_resize_bilinear'] as const) {
  describeKernels(kernel, (sandbox) => {
    it('computes any size, operand layout and set of pixels', () => {
      fc.assert(
        fc.property(anyCase(kernel), (test) => {
          verify(sandbox(), kernel, () => prepare(sandbox(), kernel, test), 5e-6);
        }),
        { numRuns: 150 },
      );
    });

    it(`reads what ${SETS[kernel]} marks`, () => {
      fc.assert(
        fc.property(anyCase(kernel), (test) => {
          sandbox().reset();
          const total = test.images * test.outH * test.outW;
          const pixels = placeOutPixels(sandbox(), random(test.seed), total, test.sparse);
          const inPixels = test.images * test.inH * test.inW;
          const bitmap = sandbox().alloc(inPixels);
          const list = pixels.fields.OutPixels;
          sandbox().kernels[SETS[kernel]](
            sandbox().placeCommand(sizeFields(test)),
            ...[list ?? 0, list ? pixels.list.length : -1, bitmap, test.images],
          );
          sandbox().assertIntact();
          const marks = sandbox().read(bitmap, inPixels);
          const weights = new Map<number, number>();
          for (const p of pixels.list) {
            for (const [q, weight] of sources(kernel, test, p)) {
              weights.set(q, (weights.get(q) ?? 0) + weight);
            }
          }
          marks.forEach((mark, q) => {
            const weight = weights.get(q);
            // A neighbour whose weight is zero but for rounding may be marked or not.
            if (weight === undefined) assert.equal(mark, 0);
            else if (weight > 1e-5) assert.equal(mark, 1);
          });
        }),
        { numRuns: 150 },
      );
    });
  });
}
