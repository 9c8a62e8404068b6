import type { DataId } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { View } from './graph/view.js';
import type { PixelSet } from './graph/pixels.js';
import type { LayerRecord } from './graph/record.js';

/** Collects the layers that run while it is active. */
export class Profiler {
  readonly layers: LayerRecord[] = [];

  constructor(readonly pixelMaps: boolean) {}
}

let active: Profiler | null = null;

/** Makes `profiler` (null: none) the one that collects; returns the one before. */
export function activate(profiler: Profiler | null): Profiler | null {
  const before = active;
  active = profiler;
  return before;
}

/** Whether layers are collected. */
export function isProfiling(): boolean {
  return active !== null;
}

/** A new layer in the active profile, which counts in full even if none of it is ever run. */
export function recordLayer(
  name: string,
  inputs: readonly View[],
  outputShape: number[],
  { filter, macsPerPixel }: { filter: DataId | null; macsPerPixel: number },
): LayerRecord | null {
  if (!active) return null;
  const totalPixels = util.sizeFromShape(outputShape.slice(0, -1));
  const record: LayerRecord = {
    name,
    inputShapes: inputs.map((input) => input.shape),
    outputShape,
    totalMacs: totalPixels * macsPerPixel,
    macsPerPixel,
    totalPixels,
    filter,
    variant: '',
    activePixels: 0,
    milliseconds: 0,
    computed: active.pixelMaps ? new Uint8Array(totalPixels) : null,
  };
  active.layers.push(record);
  return record;
}

/** The layer computes the pixels of `set`. */
export function recordRun(record: LayerRecord | null, set: PixelSet): void {
  if (!record) return;
  record.activePixels += set.count;
  const { computed } = record;
  if (!computed) return;
  for (let row = 0; row < set.count; row++) {
    const pixel = set.pixelAt(row);
    computed[pixel] = computed[pixel] + 1;
  }
}
