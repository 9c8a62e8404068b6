import type { Network } from '../workload/network.js';
import { activityOf } from './activity.js';
import { NO_DENSITIES, type Bitmap, type Densities } from './densities.js';
import type { Mask } from './mask.js';
import { findRegions } from './regions.js';

/**
 * Densities of what was recorded while a network ran: of each decision layer the mask, which is what
 * the layer computed whose output it was multiplied by. Layers that computed other pixels than that
 * mask explains stand with their own.
 *
 * @param recorded by layer, the pixels that it computed, of one image
 */
export function recordedDensities(
  network: Network,
  recorded: ReadonlyMap<string, Bitmap>,
): Densities {
  const regions = findRegions(network);
  const masks: Record<string, Bitmap> = {};
  network.layers.forEach(({ name, type }, index) => {
    const region = regions[index];
    const pixels = recorded.get(name);
    if (!region || !pixels || region.windows.length > 0 || type === 'Add') return;
    masks[network.layers[region.mask].name] ??= pixels;
  });
  const explained = activityOf(network, { ...NO_DENSITIES, masks });
  const layers: Record<string, Bitmap> = {};
  network.layers.forEach(({ name }, index) => {
    const pixels = recorded.get(name);
    if (pixels && !isSame(pixels, explained[index]?.pixels)) layers[name] = pixels;
  });
  return { ...NO_DENSITIES, masks, layers };
}

/** Whether pixels are those of a mask; of all pixels where there is none. */
function isSame({ pixels }: Bitmap, mask: Mask | undefined): boolean {
  const bits = pixels.join('');
  if (!mask) return !bits.includes('0');
  return bits === Array.from(mask.bits).join('');
}

/** Pixels in row-major order as a file of densities has them: those above 0 were computed. */
export function bitmapOf(rows: number, columns: number, computed: ArrayLike<number>): Bitmap {
  const row = (y: number): string =>
    Array.from({ length: columns }, (_, x) => (computed[y * columns + x] > 0 ? '1' : '0')).join('');
  return { rows, columns, pixels: Array.from({ length: rows }, (_, y) => row(y)) };
}
