import type { PixelWindow } from './regions.js';

/** Which pixels of a feature map are active, row by row. */
export class Mask {
  /** How many pixels are active. */
  readonly active: number;

  /** @param bits rows x columns; what is not zero is active */
  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly bits: Uint8Array,
  ) {
    let active = 0;
    for (let i = 0; i < bits.length; i++) if (bits[i] !== 0) active++;
    this.active = active;
  }

  /** Share of the pixels that are active. */
  get density(): number {
    return this.active / (this.rows * this.columns);
  }

  static full(rows: number, columns: number): Mask {
    return new Mask(rows, columns, new Uint8Array(rows * columns).fill(1));
  }

  /** The pixels that a window reads to compute the active ones. */
  dilate({ kernel, strides, dilations, before, input }: PixelWindow): Mask {
    const [rows, columns] = input;
    const bits = new Uint8Array(rows * columns);
    for (let y = 0; y < this.rows; y++) {
      for (let x = 0; x < this.columns; x++) {
        if (this.bits[y * this.columns + x] === 0) continue;
        for (let ky = 0; ky < kernel[0]; ky++) {
          const iy = y * strides[0] + ky * dilations[0] - before[0];
          if (iy < 0 || iy >= rows) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const ix = x * strides[1] + kx * dilations[1] - before[1];
            if (ix >= 0 && ix < columns) bits[iy * columns + ix] = 1;
          }
        }
      }
    }
    return new Mask(rows, columns, bits);
  }

  /** Active pixels of each row. */
  perRow(): number[] {
    const counts = Array<number>(this.rows).fill(0);
    this.bits.forEach((bit, i) => {
      if (bit !== 0) counts[Math.floor(i / this.columns)]++;
    });
    return counts;
  }

  /**
   * Tiles of neighbouring pixels that hold an active one: an array that is unrolled over rows and
   * columns computes whole tiles.
   */
  tiles(height: number, width: number): number {
    const across = Math.ceil(this.columns / width);
    const touched = new Uint8Array(Math.ceil(this.rows / height) * across);
    this.bits.forEach((bit, i) => {
      if (bit === 0) return;
      const y = Math.floor(i / this.columns);
      const x = i - y * this.columns;
      touched[Math.floor(y / height) * across + Math.floor(x / width)] = 1;
    });
    return touched.reduce((sum, tile) => sum + tile, 0);
  }
}
