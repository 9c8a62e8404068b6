import { loopSize, type Layer } from '../workload/layer.js';
import type { Network, Use } from '../workload/network.js';

/** A window that reads pixels, as needed to find which: along rows, then along columns. */
export interface PixelWindow {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Rows above and columns left that are padding. */
  readonly before: readonly [number, number];
  /** Rows and columns that the window reads of. */
  readonly input: readonly [number, number];
}

/** The pixels of a layer that somebody needs: those of a mask, seen through windows. */
export interface Region {
  /** Index of the decision layer that makes the mask. */
  readonly mask: number;
  /** From the mask backwards: each dilates the pixels to those that it reads. */
  readonly windows: readonly PixelWindow[];
}

/**
 * Finds which layers of a network need only compute some pixels: those before a multiplication by a
 * mask, back to where somebody else needs the rest, too. A residual addition works on the pixels of
 * its masked operand alone, since elsewhere its result is the other operand.
 *
 * @returns a region for each layer; undefined where every pixel is computed
 */
export function findRegions({ layers, uses }: Network): (Region | undefined)[] {
  const regions = Array<Region | undefined>(layers.length).fill(undefined);
  // Readers stand behind what they read.
  for (let index = layers.length - 1; index >= 0; index--) {
    regions[index] =
      layers[index].type === 'Add'
        ? additionRegion(index, uses)
        : common(uses[index].map((use) => wanted(use, layers, regions)));
  }
  return regions;
}

/** What one reader wants of a layer; undefined for every pixel. */
function wanted(
  { by, origin }: Use,
  layers: readonly Layer[],
  regions: readonly (Region | undefined)[],
): Region | undefined {
  if (!origin.pixelwise) return undefined;
  if (origin.mask !== undefined) return { mask: origin.mask, windows: [] };
  if (by === undefined || layers[by].type === 'Add') return undefined;
  const region = regions[by];
  const window = windowOf(layers[by]);
  return region && window && { ...region, windows: [...region.windows, window] };
}

/** The region that all have in common, or none. */
function common(regions: readonly (Region | undefined)[]): Region | undefined {
  const [first] = regions;
  const text = JSON.stringify(first);
  return regions.every((region) => JSON.stringify(region) === text) ? first : undefined;
}

/** Where an addition has work to do: on the pixels of its masked operand. */
function additionRegion(index: number, uses: Network['uses']): Region | undefined {
  const operands = uses.flat().filter(({ by, origin }) => by === index && origin.pixelwise);
  const masks = new Set(operands.map(({ origin }) => origin.mask).filter((m) => m !== undefined));
  const [mask] = masks;
  return masks.size === 1 && mask !== undefined ? { mask, windows: [] } : undefined;
}

/** The window of a layer; undefined if it has none that slides over pixels. */
export function windowOf(layer: Layer): PixelWindow | undefined {
  const [x, y] = ['IX', 'IY'].map((dim) =>
    layer.relations.find((relation) => relation.dim === dim),
  );
  if (!x || !y || layer.type === 'ConvTranspose') return undefined;
  return {
    kernel: [loopSize(layer, 'FY'), loopSize(layer, 'FX')],
    strides: [y.coefficients[0], x.coefficients[0]],
    dilations: [y.coefficients[1], x.coefficients[1]],
    before: [y.padding[0], x.padding[0]],
    input: [y.size, x.size],
  };
}
