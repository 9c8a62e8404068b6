import type { Direction } from '../hardware/accelerator.js';
import { isDown, isTowardsLow, portOf } from './links.js';
import type { Traffic } from './traffic.js';

/** A memory's reads or writes of an operand over one of its links. */
interface Access {
  readonly link: number;
  readonly down: boolean;
  readonly direction: Direction;
  readonly level: number;
  /** Elements that pass, in units of what one instance below exchanges. */
  readonly boost: number;
  /** Instances of the memory. */
  readonly units: number;
  readonly bandwidthMin: number;
  readonly bandwidthMax: number;
  readonly cost: number;
}

/** Energy of an operand's memories. */
export class MemoryEnergy {
  private readonly accesses: readonly Access[];

  constructor(private readonly traffic: Traffic) {
    this.accesses = accessesOf(traffic);
  }

  /** Of all levels, in the hardware file's unit. */
  total(): number {
    let energy = 0;
    for (const access of this.accesses) energy += this.wordsOf(access) * access.cost;
    return energy;
  }

  /**
   * Of all levels at the least, if only the links up to `settled` are known.
   *
   * @param least words of each access, as `words` orders them
   */
  atLeast(settled: number, least: readonly number[]): number {
    let energy = 0;
    for (let i = 0; i < this.accesses.length; i++) {
      const access = this.accesses[i];
      energy += (access.link <= settled ? this.wordsOf(access) : least[i]) * access.cost;
    }
    return energy;
  }

  /** Words of every access. */
  words(): number[] {
    return this.accesses.map((access) => this.wordsOf(access));
  }

  /** Words that a memory reads or writes in a direction. */
  wordsAt(level: number, direction: Direction): number {
    const access = this.accesses.find((a) => a.level === level && a.direction === direction);
    return access === undefined ? 0 : this.wordsOf(access);
  }

  /** Of each level, the nearest to the PEs first. */
  byLevel(): number[] {
    const energy = this.traffic.operand.levels.map(() => 0);
    for (const access of this.accesses) energy[access.level] += this.wordsOf(access) * access.cost;
    return energy;
  }

  /** Accesses of `bandwidthMax` bits; smaller ones, down to `bandwidthMin`, count in part. */
  private wordsOf({ link, down, boost, units, bandwidthMin, bandwidthMax }: Access): number {
    const { traffic } = this;
    const bits = down ? traffic.bitsDown(link) : traffic.bitsUp(link);
    if (bits === 0) return 0;
    const smallest = Math.ceil((traffic.elements[link] * boost * bits) / bandwidthMin);
    const words = smallest * (bandwidthMin / bandwidthMax) * traffic.count[link] * units;
    return Math.trunc(words);
  }
}

function accessesOf({ operand, unrolling, links }: Traffic): Access[] {
  const directions: Direction[] = operand.isOutput ? ['tl', 'fl', 'th', 'fh'] : ['tl', 'fh'];
  const accesses: Access[] = [];
  for (const [level, memory] of operand.levels.entries()) {
    for (const direction of directions) {
      const low = isTowardsLow(direction);
      const link = low ? level : level + 1;
      const port = portOf(memory, operand.memoryOperand, direction);
      if (link === links || port === undefined) continue;
      const isRead = direction === 'tl' || direction === 'th';
      accesses.push({
        link,
        level,
        direction,
        down: isDown(direction),
        boost: low ? unrolling.boost[link] : 1,
        units: unrolling.units[level + 1],
        bandwidthMin: port.bandwidthMin,
        bandwidthMax: port.bandwidthMax,
        cost: isRead ? memory.readCost : memory.writeCost,
      });
    }
  }
  return accesses;
}
