import type { LoopOrder } from '../mapping/loop-order.js';
import type { OperandUnrolling } from './unrolling.js';
import { roundHalfEven } from '../rounding.js';
import { Relevance, type Operand } from './operand.js';

/**
 * What of an operand moves over each of its links, and how often. Link k joins memory k with what lies
 * below it: the PEs for k = 0, else the instances of memory k - 1. The last link leads out of the
 * outermost memory; nothing moves there, but its elements are those that this memory holds.
 */
export class Traffic {
  readonly links: number;
  /** Elements that the lower side gets or gives in a period: what one instance below holds. */
  readonly elements: Float64Array;
  /** Cycles from one transfer to the next. */
  readonly period: Float64Array;
  /** Transfers. */
  readonly count: Float64Array;
  /** Cycles of a period in which new data may come while the old is still in use: its outermost
   * irrelevant loops only reuse what is there. */
  readonly window: Float64Array;
  /** Iterations of the outermost relevant loops below a link, one after the other. */
  readonly topRelevant: Float64Array;
  /** Whether partial sums cross the link, which come back to be added to. */
  readonly partial: Uint8Array;

  /** Iterations of each loop up to where `follow` is. */
  private readonly sizes: Float64Array;
  /** Of each link, the first place of the order that lies above it. */
  private readonly above: Uint8Array;
  /** Whether a loop that is unrolled above link k makes partial sums. */
  private readonly unrolledReduction: boolean[];

  constructor(
    readonly operand: Operand,
    readonly unrolling: OperandUnrolling,
  ) {
    this.links = operand.levels.length;
    const places = this.links + 1;
    this.elements = new Float64Array(places);
    this.period = new Float64Array(places);
    this.count = new Float64Array(places);
    this.window = new Float64Array(places);
    this.topRelevant = new Float64Array(places);
    this.partial = new Uint8Array(places);
    this.sizes = new Float64Array(operand.layer.loops.length);
    this.above = new Uint8Array(places);
    this.unrolledReduction = unrolling.loops.map(
      (_, link) =>
        operand.isOutput &&
        unrolling.loops
          .slice(link + 1)
          .some((level) => operand.hasReduction(level.filter(({ factor }) => factor > 1))),
    );
  }

  /**
   * Follows a temporal mapping.
   *
   * @param ends for each memory, the place of the order where the next memory's loops begin
   */
  follow(order: LoopOrder, ends: ArrayLike<number>): void {
    const { operand, links, elements, period, window, sizes, topRelevant } = this;
    sizes.fill(1);
    let place = this.stationary(order, 0);
    elements[0] = 1;
    period[0] = operand.isOutput ? 1 : order.iterations(0, place);
    window[0] = period[0];
    topRelevant[0] = 1;
    let cycles = 1;
    place = 0;
    for (let level = 0; level < links; level++) {
      const end = this.stationary(order, ends[level]);
      const start = place;
      for (; place < end; place++) {
        sizes[order.loop[place]] *= order.size[place];
        cycles *= order.size[place];
      }
      for (const { loop, factor } of this.unrolling.loops[level]) sizes[loop] *= factor;
      const link = level + 1;
      elements[link] = roundHalfEven(operand.footprint(sizes));
      period[link] = cycles;
      topRelevant[link] = this.top(order, start, end, Relevance.RELEVANT);
      window[link] = cycles / this.top(order, start, end, Relevance.IRRELEVANT);
      this.above[link] = end;
    }
    const total = order.iterations(0, order.length);
    for (let link = 0; link <= links; link++) this.count[link] = total / period[link];
    if (operand.isOutput) this.findPartialSums(order);
  }

  /** Bits of an element that go from high to low, 0 if none do. */
  bitsDown(link: number): number {
    const { isOutput, precision } = this.operand;
    return !isOutput || this.partial[link] === 1 ? precision : 0;
  }

  /** Bits of an element that go from low to high, 0 if none do. */
  bitsUp(link: number): number {
    const { isOutput, precision, finalPrecision } = this.operand;
    if (!isOutput) return 0;
    return this.partial[link] === 1 ? precision : finalPrecision;
  }

  /** Bits that one instance below a link holds. */
  bitsHeld(link: number): number {
    const { precision, finalPrecision } = this.operand;
    const isFinished = this.operand.isOutput && this.partial[link] === 0;
    return this.elements[link] * (isFinished ? finalPrecision : precision);
  }

  /** Moves a memory's end outwards over loops that only reuse what the memory holds. */
  private stationary({ loop, length }: LoopOrder, end: number): number {
    const { relevance } = this.operand;
    while (end < length && relevance[loop[end]] === Relevance.IRRELEVANT) end++;
    return end;
  }

  private top({ loop, size }: LoopOrder, start: number, end: number, wanted: Relevance): number {
    const { relevance } = this.operand;
    let iterations = 1;
    for (let place = end - 1; place >= start && relevance[loop[place]] === wanted; place--) {
      iterations *= size[place];
    }
    return iterations;
  }

  private findPartialSums({ loop, length }: LoopOrder): void {
    const { relevance } = this.operand;
    let last = length - 1;
    while (last >= 0 && relevance[loop[last]] !== Relevance.IRRELEVANT) last--;
    for (let link = 0; link <= this.links; link++) {
      this.partial[link] = last >= this.above[link] || this.unrolledReduction[link] ? 1 : 0;
    }
  }
}
