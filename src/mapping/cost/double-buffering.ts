import type { Accelerator, Memory } from '../hardware/accelerator.js';
import type { Traffic } from './traffic.js';

/**
 * Which memories have room for the next data while the present is in use. Their lower links may be
 * busy all the time; the others must wait until the present data is used up.
 */
export class DoubleBuffering {
  /** By operand, then by link: whether the instance below the link has room. */
  readonly free: readonly Uint8Array[];
  /** Of each memory, the share that is in use at a time, by all operands that it holds. */
  private readonly shared: Float64Array;
  private readonly memories: readonly Memory[];
  /** By operand and level, the index of the memory. */
  private readonly memoryIndex: readonly (readonly number[])[];

  constructor(
    accelerator: Accelerator,
    private readonly traffics: readonly Traffic[],
  ) {
    this.memories = accelerator.memories;
    this.free = traffics.map(({ links }) => new Uint8Array(links + 1));
    this.shared = new Float64Array(this.memories.length);
    this.memoryIndex = traffics.map(({ operand }) =>
      operand.levels.map((memory) => this.memories.indexOf(memory)),
    );
  }

  /** Follows the traffic. Operands take the room that there is in their order. */
  follow(): void {
    const { traffics, shared, free, memoryIndex } = this;
    shared.fill(0);
    for (let operand = 0; operand < traffics.length; operand++) {
      for (let level = 0; level < traffics[operand].links; level++) {
        shared[memoryIndex[operand][level]] += this.share(operand, level);
      }
    }
    for (let operand = 0; operand < traffics.length; operand++) {
      for (let level = 0; level < traffics[operand].links; level++) {
        const memory = memoryIndex[operand][level];
        const share = this.share(operand, level);
        const isHalfEmpty = shared[memory] <= 0.5;
        const fits = isHalfEmpty || share <= 1 - shared[memory];
        free[operand][level + 1] = fits ? 1 : 0;
        if (fits && !isHalfEmpty) shared[memory] += share;
      }
    }
  }

  /** The share of a memory that an operand uses at a time: without what its outermost loops add. */
  private share(operand: number, level: number): number {
    const traffic = this.traffics[operand];
    const bits = Math.floor(traffic.bitsHeld(level + 1) / traffic.topRelevant[level + 1]);
    return bits / this.memories[this.memoryIndex[operand][level]].size;
  }
}
