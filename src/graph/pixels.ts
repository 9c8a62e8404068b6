import type { Runtime } from '../arrays/runtime.js';

/**
 * A set of pixels of a tensor, in ascending order: the region that a request asks for, or the pixels
 * for which rows exist. A pixel is one position of all dimensions but the last; its row holds the
 * last dimension, the channels. Row r of the set belongs to the r-th pixel in it.
 *
 * Counted by reference: `retain` and `release` pair up; the creator holds the first reference.
 */
export class PixelSet {
  private users = 1;
  private rowOfPointer = 0;

  private constructor(
    private readonly runtime: Runtime,
    /** Pixels of the tensor, in the set or not. */
    readonly total: number,
    /** Pixels in the set. */
    readonly count: number,
    /** Address of the ascending int32 list of pixels; 0 when the set holds all of them. */
    readonly pixels: number,
  ) {}

  /** All `total` pixels. Takes no memory. */
  static all(runtime: Runtime, total: number): PixelSet {
    return new PixelSet(runtime, total, total, 0);
  }

  /** Takes over `pixels`, an allocated list of `count` ascending pixels of `total`. */
  static fromList(runtime: Runtime, total: number, count: number, pixels: number): PixelSet {
    if (count < total) return new PixelSet(runtime, total, count, pixels);
    runtime.arena.free(pixels);
    return PixelSet.all(runtime, total);
  }

  /** Takes over `bitmap`, an allocated byte per pixel, non-zero for those in the set. */
  static fromBitmap(runtime: Runtime, total: number, bitmap: number): PixelSet {
    const pixels = runtime.arena.allocate(total * 4);
    const count = runtime.kernels.set_from_bitmap(bitmap, total, pixels);
    runtime.arena.free(bitmap);
    return PixelSet.fromList(runtime, total, count, pixels);
  }

  get isAll(): boolean {
    return this.pixels === 0;
  }

  /** Address of the int32 table from pixel to row (-1: not in the set); 0 when the set is all. */
  get rowOf(): number {
    if (this.rowOfPointer === 0 && !this.isAll) {
      this.rowOfPointer = this.runtime.arena.allocate(this.total * 4);
      this.runtime.kernels.set_row_of(this.pixels, this.count, this.total, this.rowOfPointer);
    }
    return this.rowOfPointer;
  }

  /** The pixel of row `row`. */
  pixelAt(row: number): number {
    return this.isAll ? row : this.runtime.heap.i32[(this.pixels >>> 2) + row];
  }

  /** The number of rows whose pixel is below `pixel`. */
  rank(pixel: number): number {
    if (this.isAll) return Math.min(pixel, this.total);
    const list = this.runtime.heap.i32;
    const base = this.pixels >>> 2;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[base + middle] < pixel) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** An allocated byte per pixel: 1 in the set, 0 outside. The caller frees it. */
  bitmap(): number {
    const bitmap = this.runtime.arena.allocate(this.total);
    if (this.isAll) this.runtime.heap.fill(bitmap, 1, this.total);
    else this.runtime.kernels.set_to_bitmap(this.pixels, this.count, this.total, bitmap);
    return bitmap;
  }

  /** The pixels in either set. */
  union(other: PixelSet): PixelSet {
    if (other === this || this.isAll) return this.retain();
    if (other.isAll) return other.retain();
    const bitmap = this.bitmap();
    this.runtime.kernels.bitmap_mark_pixels(other.pixels, other.count, bitmap);
    return PixelSet.fromBitmap(this.runtime, this.total, bitmap);
  }

  /**
   * The same positions in one image's worth of pixels, `period` (for an operand that is broadcast
   * over the batch): every pixel modulo the period.
   */
  modulo(period: number): PixelSet {
    if (period === this.total) return this.retain();
    if (this.isAll) return PixelSet.all(this.runtime, period);
    const bitmap = this.runtime.arena.allocate(period);
    const bytes = this.runtime.heap.u8;
    this.runtime.heap.fill(bitmap, 0, period);
    for (let row = 0; row < this.count; row++) bytes[bitmap + (this.pixelAt(row) % period)] = 1;
    return PixelSet.fromBitmap(this.runtime, period, bitmap);
  }

  retain(): this {
    this.users++;
    return this;
  }

  release(): void {
    if (--this.users > 0) return;
    if (this.pixels !== 0) this.runtime.arena.free(this.pixels);
    if (this.rowOfPointer !== 0) this.runtime.arena.free(this.rowOfPointer);
    this.rowOfPointer = 0;
  }
}
