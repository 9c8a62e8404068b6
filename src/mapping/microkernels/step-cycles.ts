import type { Microkernel, Pipeline, Tile } from '../hardware/microkernel.js';
import { tileRows } from '../hardware/microkernel.js';

/** Width and number of the vectors that a core multiplies and adds in a cycle. */
export interface VectorUnits {
  /** Numbers of a vector. */
  readonly lanes: number;
  /** Vectors a cycle. */
  readonly multiplyAdds: number;
}

/** The windows of adjacent pixels along a line. */
export interface Sliding {
  /** Positions of the filter along the line. */
  readonly width: number;
  /** Pixels from one window to the next. */
  readonly stride: number;
}

/** What a step of a tile asks of the core: vectors. */
interface Step {
  readonly accumulators: number;
  readonly loaded: number;
  /** Of those loaded, how many a register holds at the same time. */
  readonly held: number;
}

/**
 * Cycles of one step of a tile: one multiply-add for each of its accumulators, and the loads for them.
 * Multiply-adds, loads and stores have units of their own, so the busiest counts; but an accumulator
 * must wait for its last multiply-add. Where accumulators and loaded values are more than there are
 * registers, accumulators go through memory.
 */
export function stepCycles(
  { vectorLoop }: Microkernel,
  tile: Tile,
  units: VectorUnits,
  pipeline: Pipeline,
  sliding: Sliding,
): number {
  const { accumulators, loaded, held } = stepOf(tile, vectorLoop, units.lanes, sliding);
  const multiplyAdds = accumulators / units.multiplyAdds;
  const fits = accumulators + held <= pipeline.registers;
  if (fits) {
    return Math.max(multiplyAdds, loaded / pipeline.loads, pipeline.multiplyAddLatency);
  }
  return Math.max(
    multiplyAdds,
    (loaded + accumulators) / pipeline.loads,
    accumulators / pipeline.stores,
    pipeline.spilledLatency,
  );
}

/**
 * Over output channels, a vector of weights serves all rows, and each row's input is loaded into all
 * lanes, row by row. Over input channels, every row loads a vector of its own, and so do the weights; V8
 * moves all of these loads to the front of the step. Over channels that are each a group, windows that slide by one
 * pixel share what they read, column by column, while the weights of a line are held.
 */
function stepOf(tile: Tile, vectorLoop: string, lanes: number, { width, stride }: Sliding): Step {
  const rows = tileRows(tile);
  const vectors = Math.ceil((tile[vectorLoop] ?? 1) / lanes);
  const accumulators = rows * vectors;
  if (vectorLoop === 'K') return { accumulators, loaded: vectors + rows, held: vectors + 1 };
  if (vectorLoop === 'G') {
    const shared = stride === 1 ? width : 1;
    const columns = rows - 1 + shared;
    return { accumulators, loaded: vectors * (1 + columns / shared), held: vectors * (shared + 1) };
  }
  const loaded = vectors + rows * vectors;
  return { accumulators, loaded, held: loaded };
}
