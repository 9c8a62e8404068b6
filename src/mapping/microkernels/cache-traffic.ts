import { memoriesOf, type Accelerator, type Memory } from '../hardware/accelerator.js';
import { portOf } from '../cost/links.js';
import { loopSize, type Layer } from '../workload/layer.js';
import type { Extents, Tiling } from './tiling.js';

/** Bits of a number: microkernels compute in float32, whatever precision a workload names. */
const ELEMENT_BITS = 32;

/** Bits of each operand that a cache hands down. */
export interface CacheTraffic {
  readonly memory: Memory;
  readonly bits: Readonly<Record<'W' | 'I' | 'O', number>>;
  /** Cycles in which it does so. */
  readonly cycles: number;
}

/** What a layer keeps where while a block of rows goes through panel by panel. */
interface WorkingSet {
  readonly weights: number;
  readonly panel: number;
  readonly inputs: number;
  readonly blockInputs: number;
  readonly outputs: number;
  readonly blocks: number;
  readonly panels: number;
}

/**
 * What passes between the caches under a temporal mapping: blocks of rows outermost, then panels of
 * output channels, then the rows of the block. Every cache holds what fits of it, the operand first
 * that is used again the soonest (Goto and van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication", 2008).
 */
export function cacheTraffic(
  layer: Layer,
  extents: Extents,
  tilings: readonly Tiling[],
  accelerator: Accelerator,
  rowBlock: number,
): CacheTraffic[] {
  const set = workingSet(layer, extents, tilings, rowBlock);
  const [, ...outer] = memoriesOf(accelerator, 'I1');
  return outer.map((memory, index) => {
    const below = memoriesOf(accelerator, 'I1')[index];
    const bits = { ...loaded(set, below.size), O: set.outputs };
    const bandwidth = portOf(memory, 'I1', 'tl')?.bandwidthMax ?? 1;
    return { memory, bits, cycles: (bits.W + bits.I + bits.O) / bandwidth };
  });
}

function workingSet(
  layer: Layer,
  { rows, taps, depth }: Extents,
  tilings: readonly Tiling[],
  rowBlock: number,
): WorkingSet {
  const size = (dim: string): number => loopSize(layer, dim);
  // Channels of their own groups are read once, whatever their order.
  const panels = size('G') > 1 ? 1 : tilings.reduce((sum, { along }) => sum + along[1], 0);
  const columns = tilings.reduce((sum, { along, columns: width }) => sum + along[1] * width, 0);
  const weights = taps * depth * columns * ELEMENT_BITS;
  const channels = depth * size('G');
  // Windows that overlap read the same pixels.
  const strides = layer.relations.reduce((area, { coefficients: [stride] }) => area * stride, 1);
  const inputs = rows * Math.min(strides, taps) * channels * ELEMENT_BITS;
  const blocks = Math.ceil(rows / rowBlock);
  return {
    weights,
    panel: weights / panels,
    inputs,
    blockInputs: inputs / blocks,
    outputs: rows * size('K') * size('G') * ELEMENT_BITS,
    blocks,
    panels,
  };
}

/** Bits of weights and inputs that come into a cache of a size. */
function loaded(set: WorkingSet, size: number): { W: number; I: number } {
  const { weights, panel, inputs, blockInputs, blocks, panels } = set;
  if (weights + blockInputs <= size) return { W: weights, I: inputs };
  if (panel + blockInputs <= size) return { W: blocks * weights, I: inputs };
  if (panel <= size) return { W: blocks * weights, I: panels * inputs };
  return { W: blocks * weights * Math.max(1, Math.floor(panel / size)), I: panels * inputs };
}
