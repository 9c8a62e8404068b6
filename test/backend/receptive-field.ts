/*
 * Which pixels a layer reads, by set arithmetic on the definitions: the reference that skipping is
 * held against. Pixels are numbered (image * height + y) * width + x.
 */

/** Images, height, width. */
export type Extent = [number, number, number];

/** What a layer does to positions. */
export type Reach =
  | {
      kind: 'window';
      kernel: [number, number];
      strides: [number, number];
      dilations: [number, number];
      /** Explicit padding is top and left. */
      pad: 'same' | 'valid' | [number, number];
    }
  | { kind: 'nearest' | 'bilinear'; factor: number }
  | { kind: 'pad'; top: number; left: number };

/**
 * The pixels of an input of extent `from` that the pixels `wanted` of an output `to` read.
 *
 * @param keepsAll a request for everything stays one, even where strides leave something out
 */
export function receptiveField(
  reach: Reach,
  from: Extent,
  to: Extent,
  wanted: ReadonlySet<number>,
  keepsAll: boolean,
): Set<number> {
  const [images, height, width] = from;
  if (keepsAll && wanted.size === to[0] * to[1] * to[2]) {
    return new Set(Array.from({ length: images * height * width }, (_, pixel) => pixel));
  }
  const field = new Set<number>();
  for (const pixel of wanted) {
    const x = pixel % to[2];
    const y = Math.floor(pixel / to[2]) % to[1];
    const image = Math.floor(pixel / (to[2] * to[1]));
    for (const row of along(0, reach, height, to[1], y)) {
      for (const column of along(1, reach, width, to[2], x)) {
        field.add((image * height + row) * width + column);
      }
    }
  }
  return field;
}

/** The positions along one axis, of `size`, that position `at` of an output of `outSize` reads. */
function along(axis: 0 | 1, reach: Reach, size: number, outSize: number, at: number): number[] {
  switch (reach.kind) {
    case 'window': {
      const [kernel, stride] = [reach.kernel[axis], reach.strides[axis]];
      const dilation = reach.dilations[axis];
      const overhang = (outSize - 1) * stride + (kernel - 1) * dilation + 1 - size;
      const same = Math.floor(Math.max(overhang, 0) / 2);
      const { pad } = reach;
      const before = pad === 'same' ? same : pad === 'valid' ? 0 : pad[axis];
      return Array.from(
        { length: kernel },
        (_, tap) => at * stride - before + tap * dilation,
      ).filter((position) => position >= 0 && position < size);
    }
    case 'nearest':
      return [Math.floor(at / reach.factor)];
    case 'bilinear': {
      const exact = at / reach.factor;
      const low = Math.floor(exact);
      return exact > low && low + 1 < size ? [low, low + 1] : [low];
    }
    case 'pad': {
      const position = at - (axis === 0 ? reach.top : reach.left);
      return position >= 0 && position < size ? [position] : [];
    }
  }
}
