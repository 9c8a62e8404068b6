import { loopSize, macs, type Layer } from '../workload/layer.js';
import type { Network } from '../workload/network.js';
import { blobs } from './blobs.js';
import type { Bitmap, Densities } from './densities.js';
import { Mask } from './mask.js';
import { findRegions, windowOf, type PixelWindow, type Region } from './regions.js';

/** What a layer computes of its output, where that is not all. */
export interface LayerActivity {
  readonly pixels: Mask;
  /** Pixels of its input that it reads. */
  readonly read: Mask;
  /** The decision layer that it waits for, if a mask of the network decides. */
  readonly decision?: number;
  /** From that mask backwards: the windows through which the layer's pixels are seen. */
  readonly windows?: readonly PixelWindow[];
}

/** Which layers compute which pixels; undefined where a layer computes all. */
export type Activity = readonly (LayerActivity | undefined)[];

/**
 * Works out what each layer computes, of densities or recorded masks. Masks that nobody says anything
 * about keep every pixel. A density becomes a mask in blobs.
 */
export function activityOf(network: Network, densities: Densities): Activity {
  const { layers } = network;
  const regions = findRegions(network);
  const masks = new Map<number, Mask>();
  for (const [name, value] of Object.entries(densities.masks)) {
    const decision = layers.findIndex((layer) => layer.name === name);
    const members = membersOf(decision, layers, regions);
    const mask =
      typeof value === 'object' && 'executed' in value
        ? maskOfShare(layers[decision], members, value.executed, decision)
        : maskOf(value, layers[decision], decision);
    masks.set(decision, mask);
  }
  return layers.map((layer, index) => {
    const own = densities.layers[layer.name];
    const region = regions[index];
    if (own !== undefined) {
      const activity = withRead(layer, maskOf(own, layer, index));
      // Which pixels it computed is known, and that it waits for a decision still holds.
      return region ? { ...activity, ...waitsFor(region) } : activity;
    }
    const mask = region && masks.get(region.mask);
    if (!mask) return undefined;
    return { ...withRead(layer, pixelsIn(region, mask)), ...waitsFor(region) };
  });
}

function waitsFor({ mask, windows }: Region): Pick<LayerActivity, 'decision' | 'windows'> {
  return { decision: mask, windows };
}

/** A layer behind a mask. */
interface Member {
  readonly layer: Layer;
  readonly region: Region;
}

function membersOf(
  decision: number,
  layers: readonly Layer[],
  regions: readonly (Region | undefined)[],
): Member[] {
  return layers.flatMap((layer, index) => {
    const region = regions[index];
    return region?.mask === decision && layer.type !== 'Add' ? [{ layer, region }] : [];
  });
}

/** The pixels that a region wants, given its mask. */
function pixelsIn({ windows }: Region, mask: Mask): Mask {
  return windows.reduce((pixels, window) => pixels.dilate(window), mask);
}

function withRead(layer: Layer, pixels: Mask): LayerActivity {
  const window = windowOf(layer);
  return { pixels, read: window ? pixels.dilate(window) : pixels };
}

function maskOf(value: number | Bitmap, layer: Layer, seed: number): Mask {
  if (typeof value === 'object') {
    return new Mask(value.rows, value.columns, Uint8Array.from(value.pixels.join(''), Number));
  }
  const [rows, columns] = extentOf(layer);
  return blobs(rows, columns, value * rows * columns, seed);
}

/** The mask in blobs under which its layers execute a share of their work, dilation included. */
function maskOfShare(layer: Layer, members: readonly Member[], share: number, seed: number): Mask {
  const [rows, columns] = extentOf(layer);
  const whole = members.reduce((sum, member) => sum + macs(member.layer), 0);
  const executed = (mask: Mask): number =>
    members.reduce(
      (sum, { layer, region }) => sum + macs(layer) * pixelsIn(region, mask).density,
      0,
    );
  let [low, high] = [0, rows * columns];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (executed(blobs(rows, columns, middle, seed)) < share * whole) low = middle + 1;
    else high = middle;
  }
  const [above, below] = [low, Math.max(0, low - 1)].map((active) =>
    blobs(rows, columns, active, seed),
  );
  const miss = (mask: Mask): number => Math.abs(executed(mask) - share * whole);
  return miss(below) < miss(above) ? below : above;
}

function extentOf(layer: Layer): [rows: number, columns: number] {
  return [loopSize(layer, 'OY'), loopSize(layer, 'OX')];
}
