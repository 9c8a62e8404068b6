import fc from 'fast-check';
import type { Fields } from './fields.js';
import { randomSet } from './random.js';
import type { Sandbox } from './sandbox.js';

/** The geometry of a window operation over a batch of images. */
export interface Windows {
  readonly images: number;
  readonly inH: number;
  readonly inW: number;
  readonly outH: number;
  readonly outW: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly padTop: number;
  readonly padLeft: number;
}

const upTo = (max: number, min = 1) => fc.integer({ min, max });

/** Random geometry, any padding; the output has at least one pixel. */
export const anyWindows: fc.Arbitrary<Windows> = fc
  .record({
    images: upTo(2),
    inH: upTo(7),
    inW: upTo(9),
    kernelH: upTo(5),
    kernelW: upTo(5),
    strideH: upTo(3),
    strideW: upTo(3),
    dilationH: upTo(2),
    dilationW: upTo(2),
    padTop: upTo(3, 0),
    padLeft: upTo(3, 0),
    padBottom: upTo(3, 0),
    padRight: upTo(3, 0),
  })
  .map(({ padBottom, padRight, ...w }) => {
    const size = (input: number, pads: number, kernel: number, stride: number, dilation: number) =>
      Math.max(1, Math.floor((input + pads - (kernel - 1) * dilation - 1) / stride) + 1);
    return {
      ...w,
      outH: size(w.inH, w.padTop + padBottom, w.kernelH, w.strideH, w.dilationH),
      outW: size(w.inW, w.padLeft + padRight, w.kernelW, w.strideW, w.dilationW),
    };
  });

/** Windows of size `kernel` around every pixel of an image. */
export function sameWindows(inH: number, inW: number, kernel: number): Windows {
  const pad = kernel >> 1;
  return {
    ...{ images: 1, inH, inW, outH: inH, outW: inW, kernelH: kernel, kernelW: kernel },
    ...{ strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, padTop: pad, padLeft: pad },
  };
}

export function inPixels(w: Windows): number {
  return w.images * w.inH * w.inW;
}

export function outPixels(w: Windows): number {
  return w.images * w.outH * w.outW;
}

/** The words of a command that describe the windows. */
export function windowFields(w: Windows): Fields {
  return {
    ...{ InH: w.inH, InW: w.inW, OutH: w.outH, OutW: w.outW },
    ...{ KernelH: w.kernelH, KernelW: w.kernelW, StrideH: w.strideH, StrideW: w.strideW },
    ...{ DilationH: w.dilationH, DilationW: w.dilationW, PadTop: w.padTop, PadLeft: w.padLeft },
  };
}

/** The input pixel that each tap of an output pixel's window reads; -1 outside the image. */
export function windowTaps(w: Windows, p: number): number[] {
  const n = Math.floor(p / (w.outH * w.outW));
  const y = Math.floor(p / w.outW) % w.outH;
  const x = p % w.outW;
  const taps: number[] = [];
  for (let ky = 0; ky < w.kernelH; ky++) {
    for (let kx = 0; kx < w.kernelW; kx++) {
      const iy = y * w.strideH - w.padTop + ky * w.dilationH;
      const ix = x * w.strideW - w.padLeft + kx * w.dilationW;
      const inside = iy >= 0 && iy < w.inH && ix >= 0 && ix < w.inW;
      taps.push(inside ? (n * w.inH + iy) * w.inW + ix : -1);
    }
  }
  return taps;
}

/** Output pixels to compute: all of them, or a random set that is placed in memory. */
export function placeOutPixels(
  sandbox: Sandbox,
  next: () => number,
  total: number,
  sparse: boolean,
): { list: number[]; fields: Fields } {
  if (!sparse) return { list: Array.from({ length: total }, (_, p) => p), fields: {} };
  const list = randomSet(next, total, 0.7);
  return { list, fields: { OutPixels: sandbox.placeInts(list) } };
}
