import { assert } from 'chai';
import fc from 'fast-check';
import type { NonZeroName } from '../../src/memory/kernels.js';
import { anySeed } from './operands.js';
import { random, randomSet } from './random.js';
import { describeKernels, type Sandbox } from './sandbox.js';
import { anyWindows, inPixels, outPixels, placeOutPixels, windowFields } from './windows.js';
import { windowTaps } from './windows.js';

const TYPES = {
  set_nonzero_f32: { bytes: 4, place: (s: Sandbox, v: number[]) => s.placeFloats(v) },
  set_nonzero_i32: { bytes: 4, place: (s: Sandbox, v: number[]) => s.placeInts(v) },
  set_nonzero_u8: { bytes: 1, place: (s: Sandbox, v: number[]) => s.placeBytes(v) },
} satisfies Record<
  NonZeroName,
  { bytes: number; place: (sandbox: Sandbox, values: number[]) => number }
>;

for (const name of ['set_nonzero_f32', 'set_nonzero_i32', 'set_nonzero_u8'] as const) {
  describeKernels(name, (sandbox) => {
    const { bytes, place } = TYPES[name];

    it('finds the pixels of any mask', () => {
      const anyMask = fc.record({
        // Values of each pixel of one period: absent, zero, one, another.
        values: fc.array(fc.constantFrom(-1, 0, 1, 3), { minLength: 1, maxLength: 12 }),
        repeats: fc.integer({ min: 1, max: 3 }),
        channels: fc.integer({ min: 1, max: 3 }),
        compact: fc.boolean(),
        within: fc.boolean(),
        invert: fc.boolean(),
        seed: anySeed,
      });
      fc.assert(
        fc.property(anyMask, ({ values, repeats, channels, compact, within, invert, seed }) => {
          sandbox().reset();
          const period = values.length;
          const total = period * repeats;
          const stored = compact ? values.filter((v) => v >= 0) : values.map((v) => Math.max(v, 0));
          // Only the first channel counts; the others hold what must not be read.
          const placed = place(
            sandbox(),
            stored.flatMap((v) => [v, ...new Array<number>(channels - 1).fill(7)]),
          );
          let row = 0;
          const rowOf = sandbox().placeInts(values.map((v) => (v < 0 ? -1 : row++)));
          const candidates = within
            ? randomSet(random(seed), total, 0.6)
            : Array.from({ length: total }, (_, p) => p);
          const pixels = sandbox().alloc(candidates.length * 4);
          const allOnes = sandbox().alloc(4);
          const count = sandbox().kernels[name](
            ...([placed, bytes * channels, total] as const),
            ...([within ? sandbox().placeInts(candidates) : 0, candidates.length] as const),
            ...([period, compact ? rowOf : 0, Number(invert), pixels, allOnes] as const),
          );
          sandbox().assertIntact();
          const value = (p: number) => Math.max(values[p % period], 0);
          const expected = candidates.filter((p) => (value(p) === 0) === invert);
          assert.deepEqual(sandbox().ints(pixels, count), expected);
          const ones = candidates.every((p) => value(p) <= 1);
          assert.deepEqual(sandbox().ints(allOnes, 1), [Number(ones)]);
        }),
      );
    });
  });
}

describeKernels('set_nonzero_f32', (sandbox) => {
  it('takes NaN, infinities and the smallest numbers for non-zero, negative zero for zero', () => {
    sandbox().reset();
    const values = sandbox().placeFloats([NaN, 0, -0, Infinity, 1e-45, -1]);
    const pixels = sandbox().alloc(24);
    const allOnes = sandbox().alloc(4);
    const find = sandbox().kernels.set_nonzero_f32;
    const count = find(values, 4, 6, 0, 0, 6, 0, 0, pixels, allOnes);
    assert.deepEqual(sandbox().ints(pixels, count), [0, 3, 4, 5]);
    assert.deepEqual(sandbox().ints(allOnes, 1), [0]);
  });
});

describeKernels('set_dilate', (sandbox) => {
  it('marks what the windows of any pixels read', () => {
    fc.assert(
      fc.property(anyWindows, fc.boolean(), anySeed, (windows, sparse, seed) => {
        sandbox().reset();
        const pixels = placeOutPixels(sandbox(), random(seed), outPixels(windows), sparse);
        const total = inPixels(windows);
        const bitmap = sandbox().alloc(total);
        sandbox().kernels.set_dilate(
          sandbox().placeCommand(windowFields(windows)),
          ...([pixels.fields.OutPixels ?? 0, sparse ? pixels.list.length : -1] as const),
          ...([bitmap, windows.images] as const),
        );
        sandbox().assertIntact();
        const read = new Set(pixels.list.flatMap((p) => windowTaps(windows, p)));
        const expected = Array.from({ length: total }, (_, q) => Number(read.has(q)));
        assert.deepEqual(sandbox().read(bitmap, total), expected);
      }),
    );
  });
});

describeKernels('sets and bitmaps', (sandbox) => {
  const anySets = [fc.integer({ min: 1, max: 40 }), anySeed] as const;

  it('turn into each other', () => {
    fc.assert(
      fc.property(...anySets, (total, seed) => {
        sandbox().reset();
        const list = randomSet(random(seed), total, 0.5);
        const bitmap = sandbox().alloc(total);
        const pixels = sandbox().alloc(total * 4);
        sandbox().kernels.set_to_bitmap(sandbox().placeInts(list), list.length, total, bitmap);
        const count = sandbox().kernels.set_from_bitmap(bitmap, total, pixels);
        sandbox().assertIntact();
        assert.deepEqual(sandbox().ints(pixels, count), list);
      }),
    );
  });

  it('unite', () => {
    fc.assert(
      fc.property(...anySets, (total, seed) => {
        sandbox().reset();
        const next = random(seed);
        const [a, b] = [0.3, 0.3].map((density) => randomSet(next, total, density));
        const bitmap = sandbox().alloc(total);
        const pixels = sandbox().alloc(total * 4);
        const { kernels } = sandbox();
        kernels.set_to_bitmap(sandbox().placeInts(a), a.length, total, bitmap);
        kernels.bitmap_mark_pixels(sandbox().placeInts(b), b.length, bitmap);
        const count = kernels.set_from_bitmap(bitmap, total, pixels);
        sandbox().assertIntact();
        const expected = [...new Set([...a, ...b])];
        assert.sameOrderedMembers(
          sandbox().ints(pixels, count),
          expected.sort((x, y) => x - y),
        );
      }),
    );
  });

  it('have a table of rows', () => {
    fc.assert(
      fc.property(...anySets, (total, seed) => {
        sandbox().reset();
        const list = randomSet(random(seed), total, 0.5);
        const rowOf = sandbox().alloc(total * 4);
        sandbox().kernels.set_row_of(sandbox().placeInts(list), list.length, total, rowOf);
        sandbox().assertIntact();
        const expected = Array.from({ length: total }, (_, p) => list.indexOf(p));
        assert.deepEqual(sandbox().ints(rowOf, total), expected);
      }),
    );
  });
});
