import { assert } from 'chai';
import fc from 'fast-check';
import { PixelSet } from '../../src/graph/pixels.js';
import type { Runtime } from '../../src/arrays/runtime.js';
import { anyPixels, listOf, machine, setOf } from './machine.js';

/** A number of pixels, and two sets of them. */
const anyPair = fc
  .integer({ min: 1, max: 40 })
  .chain((total) => fc.tuple(fc.constant(total), anyPixels(total), anyPixels(total)));

describe('PixelSet', () => {
  let runtime: Runtime;
  let blocks: number;

  before(async () => {
    runtime = await machine();
  });

  beforeEach(() => {
    blocks = runtime.heap.blocks;
  });

  afterEach('every set that was released has freed its memory', () => {
    assert.equal(runtime.heap.blocks, blocks);
  });

  it('takes no memory for all pixels', () => {
    const all = PixelSet.all(runtime, 7);
    assert.isTrue(all.isAll);
    assert.equal(all.rowOf, 0);
    assert.deepEqual(listOf(all), [0, 1, 2, 3, 4, 5, 6]);
    assert.equal(runtime.heap.blocks, blocks);
    all.release();
  });

  it('knows the row of a pixel, the pixel of a row, and the rank of any pixel', () => {
    fc.assert(
      fc.property(anyPair, ([total, pixels]) => {
        const set = setOf(runtime, total, pixels);
        assert.equal(set.isAll, pixels.length === total);
        assert.deepEqual(listOf(set), pixels);
        for (let pixel = 0; pixel <= total; pixel++) {
          assert.equal(set.rank(pixel), pixels.filter((p) => p < pixel).length);
        }
        const { rowOf } = set;
        for (let pixel = 0; pixel < total && rowOf !== 0; pixel++) {
          assert.equal(runtime.heap.i32[(rowOf >>> 2) + pixel], pixels.indexOf(pixel));
        }
        set.release();
      }),
    );
  });

  it('is the same by its list and by its bitmap', () => {
    fc.assert(
      fc.property(anyPair, ([total, pixels]) => {
        const set = setOf(runtime, total, pixels);
        const same = PixelSet.fromBitmap(runtime, total, set.bitmap());
        assert.equal(same.isAll, set.isAll);
        assert.deepEqual(listOf(same), pixels);
        set.release();
        same.release();
      }),
    );
  });

  it('has unions', () => {
    fc.assert(
      fc.property(anyPair, ([total, a, b]) => {
        const [left, right] = [setOf(runtime, total, a), setOf(runtime, total, b)];
        const union = left.union(right);
        const expected = [...new Set([...a, ...b])].sort((p, q) => p - q);
        assert.deepEqual(listOf(union), expected);
        assert.equal(union.isAll, expected.length === total);
        for (const set of [left, right, union]) set.release();
      }),
    );
  });

  it('has its places in one image of several', () => {
    const anyBatch = fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3 }))
      .chain(([period, images]) =>
        fc.tuple(fc.constant(period), fc.constant(period * images), anyPixels(period * images)),
      );
    fc.assert(
      fc.property(anyBatch, ([period, total, pixels]) => {
        const set = setOf(runtime, total, pixels);
        const places = set.modulo(period);
        assert.equal(places.total, period);
        const expected = [...new Set(pixels.map((p) => p % period))].sort((p, q) => p - q);
        assert.deepEqual(listOf(places), expected);
        set.release();
        places.release();
      }),
    );
  });

  it('lives until its last user releases it', () => {
    const set = setOf(runtime, 9, [2, 5]);
    assert.notEqual(set.rowOf, 0);
    const again = set.retain();
    set.release();
    assert.deepEqual(listOf(again), [2, 5]);
    again.release();
  });
});
