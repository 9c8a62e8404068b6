import { assert } from 'chai';
import fc from 'fast-check';
import { Window } from '../../src/graph/window.js';
import type { Runtime } from '../../src/arrays/runtime.js';
import { anyWindows, windowTaps } from '../kernels/windows.js';
import type { Windows } from '../kernels/windows.js';
import { anyPixels, listOf, machine, setOf } from './machine.js';

function windowFrom(w: Windows): Window {
  return new Window({
    ...{ images: w.images, inHeight: w.inH, inWidth: w.inW, outHeight: w.outH, outWidth: w.outW },
    ...{ kernelHeight: w.kernelH, kernelWidth: w.kernelW },
    ...{ strideHeight: w.strideH, strideWidth: w.strideW },
    ...{ dilationHeight: w.dilationH, dilationWidth: w.dilationW },
    ...{ padTop: w.padTop, padLeft: w.padLeft },
  });
}

/** The input pixels that an output pixel reads, from the definition. */
function reads(w: Windows, pixel: number): number[] {
  return windowTaps(w, pixel).filter((tap) => tap >= 0);
}

describe('Window', () => {
  let runtime: Runtime;

  before(async () => {
    runtime = await machine();
  });

  it('has the receptive field of any set', () => {
    const anyCase = anyWindows.chain((w) =>
      fc.tuple(fc.constant(w), anyPixels(windowFrom(w).outPixels)),
    );
    fc.assert(
      fc.property(anyCase, ([w, pixels]) => {
        const window = windowFrom(w);
        const before = runtime.heap.blocks;
        const want = setOf(runtime, window.outPixels, pixels);
        const field = window.receptiveField(runtime, want);
        assert.equal(field.total, window.inPixels);
        if (want.isAll) {
          assert.isTrue(field.isAll);
        } else {
          const expected = new Set(pixels.flatMap((pixel) => reads(w, pixel)));
          assert.deepEqual(
            listOf(field),
            [...expected].sort((p, q) => p - q),
          );
        }
        want.release();
        field.release();
        assert.equal(runtime.heap.blocks, before);
      }),
      { numRuns: 300 },
    );
  });

  it('has bounds, for streaming, that later pixels do not undercut nor earlier ones exceed', () => {
    fc.assert(
      fc.property(anyWindows, (w) => {
        const window = windowFrom(w);
        let last = 0;
        let first = 0;
        let highest = -1;
        for (let pixel = 0; pixel < window.outPixels; pixel++) {
          highest = Math.max(highest, ...reads(w, pixel));
          assert.isAtLeast(window.lastInput(pixel), highest + 1);
          assert.isAtMost(window.lastInput(pixel), window.inPixels);
          assert.isAtLeast(window.lastInput(pixel), last);
          last = window.lastInput(pixel);
          assert.isAtLeast(window.firstInput(pixel), first);
          first = window.firstInput(pixel);
        }
        let lowest = window.inPixels;
        for (let pixel = window.outPixels - 1; pixel >= 0; pixel--) {
          lowest = Math.min(lowest, ...reads(w, pixel));
          assert.isAtMost(window.firstInput(pixel), lowest);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is pixelwise exactly where every pixel reads the one of its own number', () => {
    const one = fc.constantFrom(1, 1, 1, 2);
    const none = fc.constantFrom(0, 0, 0, 1);
    const size = fc.integer({ min: 1, max: 5 });
    // Mostly pixelwise, or all but.
    const nearlyPixelwise = fc
      .record({
        ...{ images: one, inH: size, inW: size, kernelH: one, kernelW: one, strideH: one },
        ...{ strideW: one, dilationH: one, dilationW: one, padTop: none, padLeft: none },
        ...{ fewerRows: none, fewerColumns: none },
      })
      .map(({ fewerRows, fewerColumns, ...w }) => ({
        ...w,
        outH: Math.max(1, w.inH - fewerRows),
        outW: Math.max(1, w.inW - fewerColumns),
      }));
    let pixelwise = 0;
    fc.assert(
      fc.property(nearlyPixelwise, (w) => {
        const window = windowFrom(w);
        const isOwn = (pixel: number) => reads(w, pixel).join() === String(pixel);
        const pixels = Array.from({ length: window.outPixels }, (_, pixel) => pixel);
        const isIdentity = window.inPixels === window.outPixels && pixels.every(isOwn);
        const isPlain = w.kernelH * w.kernelW * w.strideH * w.strideW === 1;
        if (window.isPixelwise) assert.isTrue(isIdentity);
        else assert.isFalse(isIdentity && isPlain);
        pixelwise += Number(window.isPixelwise);
      }),
      { numRuns: 1000 },
    );
    assert.isAbove(pixelwise, 20);
  });
});
