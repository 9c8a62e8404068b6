import type { Activity } from '../dynamic/activity.js';
import type { MappedLayer } from '../dynamic/map-network.js';
import { findRegions, type PixelWindow } from '../dynamic/regions.js';
import { loopSize, type Layer } from '../workload/layer.js';
import type { Network } from '../workload/network.js';
import type { Job, Need } from './job.js';

/** How much of a mask has to be there before a row behind it begins: all of it, or what the row needs. */
export const MASK_ORDERS = ['whole', 'by-row'] as const;
export type MaskOrder = (typeof MASK_ORDERS)[number];

/**
 * Makes jobs of mapped layers: a layer's cycles are spread over its rows as its active pixels are. Rows
 * wait for the rows that their window reads, and behind a mask for the decision layer, too.
 *
 * @param network of which the layers are; its masks make the blocks, whatever they keep
 * @param masks `whole`: a decision layer comes before its whole block, as one list of positions asks for
 */
export function jobsOf(
  network: Network,
  mapped: readonly MappedLayer[],
  activity: Activity,
  masks: MaskOrder = 'whole',
): Job[] {
  const heights = mapped.map(({ layer }) => loopSize(layer, 'OY'));
  const regions = findRegions(network);
  return mapped.map(({ layer, core, mapping, latency }, index) => {
    const own = activity[index];
    const block = regions[index]?.mask;
    const shares = own ? sharesOf(own.pixels.perRow(), own.pixels.active) : even(heights[index]);
    const startCycles = mapping ? Math.min(mapping.cycles.onloading, latency) : 0;
    const width = loopSize(layer, 'OX');
    const pixelBits = outputBits(layer) / (heights[index] * width);
    // A sum takes the place of its operand: it has every pixel, though only some were computed.
    const sparse = own && layer.type !== 'Add';
    const kept = sparse ? own.pixels.perRow() : Array<number>(heights[index]).fill(width);
    return {
      name: layer.name,
      type: layer.type,
      core,
      startCycles,
      rowCycles: shares.map((share) => share * (latency - startCycles)),
      rowBits: kept.map((pixels) => pixels * pixelBits),
      needs: needsOf(index, mapped, heights, activity, masks),
      ...(block !== undefined && { block }),
    };
  });
}

function needsOf(
  index: number,
  mapped: readonly MappedLayer[],
  heights: readonly number[],
  activity: Activity,
  masks: MaskOrder,
): Need[] {
  const { layer } = mapped[index];
  const height = heights[index];
  const sources = new Set(layer.inputs.flatMap((input) => input.sources));
  const decision = activity[index]?.decision;
  if (decision !== undefined) sources.delete(decision);
  const needs = [...sources].map((job) => rowNeed(layer, height, job, heights[job]));
  if (decision !== undefined) {
    const all = heights[decision];
    const windows = activity[index]?.windows ?? [];
    needs.push(
      masks === 'whole'
        ? wholeNeed(decision, height, all)
        : maskNeed(decision, height, all, windows),
    );
  }
  return needs;
}

/** Rows of a mask that decide about each row of a layer, which lies some windows before it. */
function maskNeed(
  job: number,
  height: number,
  maskHeight: number,
  windows: readonly PixelWindow[],
): Need {
  const clamp = (row: number): number => Math.min(maskHeight, Math.max(0, row));
  const through = (row: number, reach: (window: PixelWindow, row: number) => number): number =>
    windows.reduceRight((at, window) => reach(window, at), row);
  const rows = Array.from({ length: height }, (_, row) => row);
  return {
    job,
    // The last mask row whose window begins at the row or before, and the first that ends there or after.
    rows: rows.map((row) =>
      clamp(
        through(row, ({ before, strides }, at) => Math.floor((at + before[0]) / strides[0])) + 1,
      ),
    ),
    keeps: rows.map((row) =>
      clamp(
        through(row, ({ before, strides, kernel, dilations }, at) =>
          Math.ceil((at + before[0] - (kernel[0] - 1) * dilations[0]) / strides[0]),
        ),
      ),
    ),
  };
}

/** Rows of a source that each row of a layer reads; in proportion where the source was resized. */
function rowNeed(layer: Layer, height: number, job: number, sourceHeight: number): Need {
  const relation = layer.relations.find(({ dim }) => dim === 'IY');
  const pixelwise = layer.loops.some(({ dim }) => dim === 'OY');
  if (!pixelwise) return wholeNeed(job, height, sourceHeight);
  const inputHeight = relation?.size ?? height;
  const scale = sourceHeight / inputHeight;
  const [stride, dilation] = relation?.coefficients ?? [1, 1];
  const before = relation?.padding[0] ?? 0;
  const reach = (loopSize(layer, 'FY') - 1) * dilation + 1;
  const clamp = (row: number): number => Math.min(sourceHeight, Math.max(0, row));
  const all = Array.from({ length: height }, (_, row) => row * stride - before);
  return {
    job,
    rows: all.map((first) => clamp(Math.ceil((first + reach) * scale))),
    keeps: all.map((first) => clamp(Math.floor(first * scale))),
  };
}

function wholeNeed(job: number, height: number, sourceHeight: number): Need {
  return {
    job,
    rows: Array<number>(height).fill(sourceHeight),
    keeps: Array<number>(height).fill(0),
  };
}

function outputBits({ output, loops }: Layer): number {
  const elements = output.dims.reduce(
    (product, dim) => product * (loops.find((loop) => loop.dim === dim)?.size ?? 1),
    1,
  );
  return elements * output.finalPrecision;
}

function sharesOf(counts: readonly number[], total: number): number[] {
  return counts.map((count) => (total > 0 ? count / total : 0));
}

function even(rows: number): number[] {
  return Array<number>(rows).fill(1 / rows);
}
