import { loopSize, type Layer } from '../workload/layer.js';

/** A layer with its filter's width folded into the input channels. */
export interface FoldedLayer {
  readonly layer: Layer;
  /** Numbers of the padded copy of the input that it reads. */
  readonly copied: number;
}

/**
 * A filter's row over dense channels is one run of numbers: a convolution with fewer positions of more
 * channels, over an input with its padding written out.
 *
 * @returns undefined for layers whose filter has no width, or gaps
 */
export function foldWidth(layer: Layer): FoldedLayer | undefined {
  const size = (dim: string): number => loopSize(layer, dim);
  const [x, y] = ['IX', 'IY'].map((dim) => layer.relations.find((r) => r.dim === dim));
  const isDense = size('G') === 1 && layer.inputs.length === 2;
  if (!x || !y || size('FX') === 1 || x.coefficients[1] > 1 || !isDense) return undefined;
  const [height, width] = [y, x].map((r) => r.size + r.padding[0] + r.padding[1]);
  const folded: Readonly<Record<string, number>> = { FX: 1, C: size('C') * size('FX') };
  return {
    layer: {
      ...layer,
      loops: layer.loops.map((loop) => ({ ...loop, size: folded[loop.dim] ?? loop.size })),
    },
    copied: size('B') * height * width * size('C'),
  };
}
