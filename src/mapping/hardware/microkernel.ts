/**
 * A processor's core as a PE array: its dimensions are the lanes of a vector (D1) and the vectors that
 * it multiplies and adds in a cycle (D2); its spatial unrollings are the tiles of the microkernels.
 */

/** What a core does in a cycle, besides its multiply-adds. */
export interface Pipeline {
  readonly clockGhz: number;
  /** Cycles from one multiply-add to the next on the same accumulator. */
  readonly multiplyAddLatency: number;
  /** The same for an accumulator that was spilled, and goes through memory. */
  readonly spilledLatency: number;
  /** Vectors that are loaded and stored in a cycle. A number loaded into all lanes is a vector, too. */
  readonly loads: number;
  readonly stores: number;
  /** Vector registers that the compiler hands out. */
  readonly registers: number;
}

/** Iterations of loops that are computed side by side: `{ OX: 4, K: 8 }`, as a tile of 4 by 8. */
export type Tile = Readonly<Record<string, number>>;

/** A routine that computes a class of layers tile by tile, with the sums of a tile in registers. */
export interface Microkernel {
  /** As in the backend's unrolling tables: `f32_igemm_6x8`. */
  readonly name: string;
  /** The operators that it computes. */
  readonly operators: readonly string[];
  /** The loop over which its vectors lie. */
  readonly vectorLoop: string;
  /** The tile, then those for what it leaves of the vector loop, the wider first. */
  readonly tiles: readonly Tile[];
  /** Cycles to begin and end a tile: addresses, bias, bounds, stores, and the loop's last branch. */
  readonly tileCycles: number;
  /** Cycles to begin a position of the filter in a tile. */
  readonly tapCycles: number;
  /** Cycles to find the address of a row for a position of the filter, once for all tiles. */
  readonly addressCycles: number;
}

/** A core that computes with microkernels. */
export interface MicrokernelCore {
  readonly pipeline: Pipeline;
  readonly microkernels: readonly Microkernel[];
}

/** Pixels of a tile. */
export function tileRows(tile: Tile): number {
  return tile.OX ?? 1;
}
