import { Command } from '../arrays/command.js';
import type { Geometry } from '../arrays/geometry.js';
import type { Runtime } from '../arrays/runtime.js';
import { PixelSet } from './pixels.js';

/** The most taps of a window whose addresses fit a lane's scratch memory. */
export const MOST_TAPS = 4096;

/** A sliding window: which input pixels each output pixel reads (its receptive field). */
export class Window {
  constructor(readonly geometry: Geometry) {}

  get taps(): number {
    return this.geometry.kernelHeight * this.geometry.kernelWidth;
  }

  /** How many pixels it spans beyond the first, along its longer side. */
  get reach(): number {
    const g = this.geometry;
    return Math.max((g.kernelHeight - 1) * g.dilationHeight, (g.kernelWidth - 1) * g.dilationWidth);
  }

  get inPixels(): number {
    return this.geometry.images * this.geometry.inHeight * this.geometry.inWidth;
  }

  get outPixels(): number {
    return this.geometry.images * this.geometry.outHeight * this.geometry.outWidth;
  }

  /** Every output pixel reads the input pixel of the same number, and no other. */
  get isPixelwise(): boolean {
    const g = this.geometry;
    return (
      this.taps === 1 &&
      g.strideHeight === 1 &&
      g.strideWidth === 1 &&
      g.padTop === 0 &&
      g.padLeft === 0 &&
      g.inHeight === g.outHeight &&
      g.inWidth === g.outWidth
    );
  }

  /** Every output pixel reads some input pixel: no window lies beside the image. */
  get alwaysReads(): boolean {
    const g = this.geometry;
    return (
      meetsImage(
        g.outHeight,
        g.strideHeight,
        g.padTop,
        g.kernelHeight,
        g.dilationHeight,
        g.inHeight,
      ) &&
      meetsImage(g.outWidth, g.strideWidth, g.padLeft, g.kernelWidth, g.dilationWidth, g.inWidth)
    );
  }

  /** One output pixel an image, which reads all of the image's pixels and nothing beyond them. */
  get isGlobal(): boolean {
    const g = this.geometry;
    return (
      g.outHeight === 1 &&
      g.outWidth === 1 &&
      g.kernelHeight === g.inHeight &&
      g.kernelWidth === g.inWidth &&
      g.dilationHeight === 1 &&
      g.dilationWidth === 1 &&
      g.padTop === 0 &&
      g.padLeft === 0
    );
  }

  /** The same window over images without the border of zeros that they were given; see pad.ts. */
  withoutBorder({ geometry: border }: Window): Window {
    const g = this.geometry;
    return new Window({
      ...g,
      inHeight: border.inHeight,
      inWidth: border.inWidth,
      padTop: g.padTop + border.padTop,
      padLeft: g.padLeft + border.padLeft,
    });
  }

  /** The input pixels that the output pixels `want` read. */
  receptiveField(runtime: Runtime, want: PixelSet): PixelSet {
    if (this.isPixelwise) return want.retain();
    if (want.isAll) return PixelSet.all(runtime, this.inPixels);
    const { arena, kernels } = runtime;
    const bitmap = arena.allocate(this.inPixels);
    const command = arena.allocate(Command.bytes);
    new Command().window(this.geometry).place(runtime.heap, command);
    kernels.set_dilate(command, want.pixels, want.count, bitmap, this.geometry.images);
    arena.free(command);
    return PixelSet.fromBitmap(runtime, this.inPixels, bitmap);
  }

  /** The first input pixel that the window of output pixel `pixel`, or of a later one, can read. */
  firstInput(pixel: number): number {
    const g = this.geometry;
    const row = Math.floor(pixel / g.outWidth);
    const image = Math.floor(row / g.outHeight);
    const top = (row % g.outHeight) * g.strideHeight - g.padTop;
    const y = Math.min(Math.max(top, 0), g.inHeight);
    // At the edges of an image later rows of pixels begin on the same input row: ask for all of it.
    const isWhole = top < 0 || y === g.inHeight;
    const left = isWhole ? 0 : (pixel % g.outWidth) * g.strideWidth - g.padLeft;
    return (image * g.inHeight + y) * g.inWidth + Math.min(Math.max(left, 0), g.inWidth);
  }

  /** One past the last input pixel that the window of output pixel `pixel` can read. */
  lastInput(pixel: number): number {
    const g = this.geometry;
    const row = Math.floor(pixel / g.outWidth);
    const image = Math.floor(row / g.outHeight);
    const bottom =
      (row % g.outHeight) * g.strideHeight - g.padTop + (g.kernelHeight - 1) * g.dilationHeight;
    const right =
      (pixel % g.outWidth) * g.strideWidth - g.padLeft + (g.kernelWidth - 1) * g.dilationWidth;
    if (bottom < 0) return image * g.inHeight * g.inWidth;
    const y = Math.min(bottom, g.inHeight - 1);
    // At the bottom edge later rows of pixels end on the same input row: ask for all of it.
    const x = bottom >= g.inHeight ? g.inWidth - 1 : Math.min(Math.max(right, 0), g.inWidth - 1);
    return (image * g.inHeight + y) * g.inWidth + x + 1;
  }
}

/** Whether the first and the last window along an axis reach into the image; without dilation, those between do, too. */
function meetsImage(
  outSize: number,
  stride: number,
  pad: number,
  taps: number,
  dilation: number,
  inSize: number,
): boolean {
  const end = (taps - 1) * dilation + 1 - pad;
  return dilation === 1 && end > 0 && (outSize - 1) * stride - pad < inSize;
}
