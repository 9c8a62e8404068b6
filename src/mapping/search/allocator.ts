import { memoriesOf, type Memory } from '../hardware/accelerator.js';
import type { Nest, NestOperand } from '../cost/nest.js';
import { Relevance } from '../cost/operand.js';
import { MAX_LOOPS, type LoopOrder } from '../mapping/loop-order.js';

/** A memory that cannot hold what it would have to. */
export interface Shortage {
  readonly memory: Memory;
  /** Bits. */
  readonly needed: number;
}

/** An operand of the memory whose turn it is. */
interface Tenant {
  readonly operand: number;
  readonly level: number;
  /** Whether the memory is the operand's outermost: then it has to hold all that is left. */
  readonly isOutermost: boolean;
}

/** The places at which an operand could leave a memory, and what each means. */
class Choices {
  count = 0;
  /** Whether there are no more, in whatever order the loops come that are not settled. */
  isComplete = true;
  readonly end = new Uint8Array(MAX_LOOPS + 1);
  /** Bits that the memory must hold. */
  readonly bits = new Float64Array(MAX_LOOPS + 1);
  /** Elements times bits that the memory above is read or written. */
  readonly accesses = new Float64Array(MAX_LOOPS + 1);

  clear(): void {
    this.count = 0;
    this.isComplete = true;
  }

  add(end: number, bits: number, accesses: number): void {
    this.end[this.count] = end;
    this.bits[this.count] = bits;
    this.accesses[this.count] = accesses;
    this.count++;
  }
}

/**
 * Cuts a loop order at the memories, from the PEs outwards, so that each memory holds what spares the
 * memory above the most accesses (LOMA). Operands may be cut at different places: an uneven mapping.
 */
export class Allocator {
  /** For each operand and each of its memories, the place where the next memory's loops begin. */
  readonly ends: readonly Uint8Array[];
  /** Of each operand, how many memories are cut. */
  readonly settled: Uint8Array;
  /** Why the last order could not be allocated. */
  shortage: Shortage | undefined;

  private readonly tenants: readonly (readonly Tenant[])[];
  private readonly choices = [new Choices(), new Choices(), new Choices()];
  /** By operand, iterations of each loop within the memories that had their turn. */
  private readonly sizes: readonly Float64Array[];
  private readonly scratch: Float64Array;
  /** By operand, the place up to which the loops are allocated. */
  private readonly place: Uint8Array;
  /** Of each tenant, the best choice. */
  private readonly best = new Uint8Array(3);
  /** By operand and level, whether loops unrolled above make partial sums. */
  private readonly reductionAbove: readonly (readonly boolean[])[];

  constructor(private readonly nest: Nest) {
    const { operands, accelerator, layer } = nest;
    this.ends = operands.map(({ operand }) => new Uint8Array(operand.levels.length));
    this.sizes = operands.map(() => new Float64Array(layer.loops.length));
    this.settled = new Uint8Array(operands.length);
    this.scratch = new Float64Array(layer.loops.length);
    this.place = new Uint8Array(operands.length);
    this.tenants = accelerator.memories.map((memory) => tenantsOf(nest, memory));
    this.reductionAbove = operands.map(reductionAbove);
  }

  /**
   * Allocates an order to the memories.
   *
   * @param known places of the order that are settled. What lies beyond may stand in any order, so
   * memories whose loops depend on it stay open: `settled` says how many of an operand's are not.
   * @returns whether it fits; `shortage` says what does not
   */
  allocate(order: LoopOrder, known = order.length): boolean {
    this.shortage = undefined;
    this.place.fill(0);
    this.settled.fill(0);
    for (let operand = 0; operand < this.sizes.length; operand++) {
      this.sizes[operand].fill(1);
      this.unroll(operand, 0);
    }
    for (let index = 0; index < this.tenants.length; index++) {
      if (!this.allocateMemory(order, index, known)) return false;
    }
    return true;
  }

  private allocateMemory(order: LoopOrder, index: number, known: number): boolean {
    const memory = this.nest.accelerator.memories[index];
    const tenants = this.tenants[index];
    let isOpen = false;
    for (let slot = 0; slot < tenants.length; slot++) {
      const { operand, level } = tenants[slot];
      if (this.settled[operand] < level) return true;
      if (!this.list(order, tenants[slot], memory, this.choices[slot], known)) {
        return this.fail(order, tenants, memory);
      }
      isOpen ||= !this.choices[slot].isComplete;
    }
    if (isOpen || this.chooseBest(order, tenants, memory)) return true;
    return this.fail(order, tenants, memory);
  }

  /** The memory would have to hold the least of all tenants together. */
  private fail(order: LoopOrder, tenants: readonly Tenant[], memory: Memory): false {
    const needed = tenants.reduce(
      (bits, tenant) => bits + this.leastBits(order, tenant, memory),
      0,
    );
    this.shortage = { memory, needed };
    return false;
  }

  /** Bits that a memory must hold of an operand: of the outermost memory all, else what one PE needs. */
  private leastBits(
    order: LoopOrder,
    { operand, level, isOutermost }: Tenant,
    { forceDoubleBuffering }: Memory,
  ): number {
    const precision = this.precision(order, operand, level);
    const all = this.bitsWithin(order, operand, precision, order.length);
    if (isOutermost) return all;
    const bits = this.bitsWithin(order, operand, precision, this.place[operand]);
    return forceDoubleBuffering && bits < all ? 2 * bits : bits;
  }

  /**
   * Lists where an operand could leave a memory.
   *
   * @returns whether there is such a place
   */
  private list(
    order: LoopOrder,
    { operand, level, isOutermost }: Tenant,
    memory: Memory,
    choices: Choices,
    known: number,
  ): boolean {
    const { scratch } = this;
    const start = this.place[operand];
    const precision = this.precision(order, operand, level);
    const tenant = this.nest.operands[operand].operand;
    const all = memory.forceDoubleBuffering
      ? this.bitsWithin(order, operand, precision, order.length)
      : 0;
    scratch.set(this.sizes[operand]);
    choices.clear();
    let outside = order.iterations(start, order.length);
    for (let end = start; ; end++) {
      let bits = tenant.footprint(scratch) * precision;
      if (memory.forceDoubleBuffering && !isOutermost && bits < all) bits *= 2;
      if (bits > memory.size) return choices.count > 0;
      if (!isOutermost) choices.add(end, bits, outside * bits);
      else if (end === order.length) choices.add(end, bits, 0);
      if (end === order.length) return true;
      if (end >= known) {
        choices.isComplete = false;
        return true;
      }
      scratch[order.loop[end]] *= order.size[end];
      outside /= order.size[end];
    }
  }

  /** Bits of an operand within the temporal loops before a place. */
  private bitsWithin(order: LoopOrder, operand: number, precision: number, end: number): number {
    const { scratch } = this;
    scratch.set(this.sizes[operand]);
    for (let place = this.place[operand]; place < end; place++) {
      scratch[order.loop[place]] *= order.size[place];
    }
    return this.nest.operands[operand].operand.footprint(scratch) * precision;
  }

  /** Bits of an element: of a partial sum, while loops that add to it are left. */
  private precision({ loop, length }: LoopOrder, index: number, level: number): number {
    const { isOutput, precision, finalPrecision, relevance } = this.nest.operands[index].operand;
    if (!isOutput || this.reductionAbove[index][level]) return precision;
    for (let place = this.place[index]; place < length; place++) {
      if (relevance[loop[place]] === Relevance.IRRELEVANT) return precision;
    }
    return finalPrecision;
  }

  /**
   * Lets each tenant of a memory take the loops with which all together cause the fewest accesses above;
   * of equally good choices the one with the most loops of the first tenant.
   *
   * @returns whether the memory holds any of the choices
   */
  private chooseBest(order: LoopOrder, tenants: readonly Tenant[], memory: Memory): boolean {
    const [a, b, c] = this.choices;
    for (let slot = tenants.length; slot < this.choices.length; slot++) {
      this.choices[slot].clear();
      this.choices[slot].add(0, 0, 0);
    }
    let fewest = Infinity;
    const best = this.best;
    for (let i = 0; i < a.count; i++) {
      for (let j = 0; j < b.count; j++) {
        for (let k = 0; k < c.count; k++) {
          const bits = a.bits[i] + b.bits[j] + c.bits[k];
          if (bits > memory.size) {
            if (i + j + k === 0) return false;
            continue;
          }
          const accesses = a.accesses[i] + b.accesses[j] + c.accesses[k];
          if (accesses > fewest) continue;
          fewest = accesses;
          best[0] = i;
          best[1] = j;
          best[2] = k;
        }
      }
    }
    for (let slot = 0; slot < tenants.length; slot++) {
      this.commit(order, tenants[slot], this.choices[slot].end[best[slot]]);
    }
    return true;
  }

  private commit(order: LoopOrder, { operand, level }: Tenant, end: number): void {
    const sizes = this.sizes[operand];
    for (let place = this.place[operand]; place < end; place++) {
      sizes[order.loop[place]] *= order.size[place];
    }
    this.place[operand] = end;
    this.ends[operand][level] = end;
    this.settled[operand] = level + 1;
    this.unroll(operand, level + 1);
  }

  private unroll(operand: number, level: number): void {
    for (const { loop, factor } of this.nest.operands[operand].average.loops[level]) {
      this.sizes[operand][loop] *= factor;
    }
  }
}

/** The operands of a layer that a memory holds, in the memory's order. */
function tenantsOf({ operands, accelerator }: Nest, memory: Memory): Tenant[] {
  return memory.operands.flatMap((name) => {
    const operand = operands.findIndex(({ operand }) => operand.memoryOperand === name);
    if (operand < 0) return [];
    const levels = memoriesOf(accelerator, name);
    return [
      { operand, level: levels.indexOf(memory), isOutermost: levels[levels.length - 1] === memory },
    ];
  });
}

function reductionAbove({ operand, average }: NestOperand): boolean[] {
  return operand.levels.map((_, level) =>
    average.loops.slice(level + 1).some((loops) => operand.hasReduction(loops)),
  );
}
