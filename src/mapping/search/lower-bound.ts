import type { Cost, CostModel } from '../cost/cost-model.js';
import { bitsOf, busyCycles } from '../cost/ports.js';
import { Relevance } from '../cost/operand.js';
import { LoopOrder } from '../mapping/loop-order.js';
import type { Loop } from '../workload/layer.js';
import { Allocator } from './allocator.js';

/** Keeps rounding errors from making a bound larger than what it bounds. */
const SAFETY = 1 - 1e-9;

/**
 * What every mapping costs at the least whose innermost loops are given. Where these loops settle how
 * much of an operand passes a link, its energy and its port's time count with the fewest transfers that
 * the loops outside allow.
 */
export class LowerBound {
  private readonly allocator: Allocator;
  private readonly completed = new LoopOrder();
  private readonly loops: readonly { readonly loop: number; readonly size: number }[];
  private readonly isUsed: boolean[];

  /** By operand, cycles of loading or off-loading at the least. */
  private readonly loading: number[];
  /** By operand and access, words that move even if every element moves once. */
  private readonly leastWords: readonly (readonly number[])[];

  constructor(
    private readonly model: CostModel,
    loops: readonly Loop[],
  ) {
    const { layer, operands } = model.nest;
    this.allocator = new Allocator(model.nest);
    this.loops = loops.map(({ dim, size }) => ({
      loop: layer.loops.findIndex((loop) => loop.dim === dim),
      size,
    }));
    this.isUsed = loops.map(() => false);
    this.loading = operands.map(() => 0);
    for (const { loop, size } of this.loops) this.completed.push(loop, size);
    this.leastWords = operands.map(({ operand }, index) => {
      const share = shareThatMustMove(model, index);
      const inside = operand.levels.map(() => loops.length);
      model.follow(index, this.completed, inside);
      return model.energies[index].words().map((words) => Math.floor(words * share));
    });
  }

  /** @param order the innermost loops */
  of(order: LoopOrder): Cost {
    const { model, allocator } = this;
    this.complete(order, 0);
    if (!allocator.allocate(this.completed, order.length)) {
      return { latency: Infinity, energy: Infinity };
    }
    let energy = model.macEnergy;
    for (let operand = 0; operand < model.nest.operands.length; operand++) {
      this.complete(order, operand);
      model.follow(operand, this.completed, allocator.ends[operand]);
      const settled = allocator.settled[operand];
      energy += model.energies[operand].atLeast(settled, this.leastWords[operand]);
    }
    return { latency: this.latency(), energy: energy * SAFETY };
  }

  /**
   * A layer takes as long as its busiest port, without the last transfers, which are on-loading or
   * off-loading. Of these at least the data of the first period cannot overlap with computation.
   */
  private latency(): number {
    const { model, allocator, completed, loading } = this;
    let cycles = completed.iterations(0, completed.length);
    loading.fill(0);
    for (const port of model.ports) {
      let busy = 0;
      for (const activity of port.activities) {
        const { operand, link, traffic } = activity;
        if (link > allocator.settled[operand]) continue;
        const once = busyCycles(activity);
        busy += once * (traffic.count[link] - 1);
        const isLoading = link > 0 && bitsOf(activity) > 0 && !(operand === 0 && activity.down);
        if (!isLoading) continue;
        const first = Math.ceil(traffic.bitsHeld(1) / port.bandwidth);
        loading[operand] = Math.max(loading[operand], Math.min(once, first));
      }
      cycles = Math.max(cycles, busy);
    }
    // Inputs may load side by side, and results leave when all is computed.
    const [offloading, ...onloading] = loading;
    return cycles + Math.max(...onloading) + offloading + model.drainCycles;
  }

  /**
   * Adds the loops that are left: first those that only reuse what there is of an operand, so that it
   * moves as seldom as it can.
   */
  private complete(order: LoopOrder, operand: number): void {
    const { completed, loops, isUsed } = this;
    const { relevance } = this.model.nest.operands[operand].operand;
    completed.length = 0;
    isUsed.fill(false);
    for (let place = 0; place < order.length; place++) {
      const loop = loops.findIndex(
        (l, i) => !isUsed[i] && l.loop === order.loop[place] && l.size === order.size[place],
      );
      isUsed[loop] = true;
      completed.push(order.loop[place], order.size[place]);
    }
    for (const reuses of [true, false]) {
      for (let i = 0; i < loops.length; i++) {
        const isReuse = relevance[loops[i].loop] === Relevance.IRRELEVANT;
        if (!isUsed[i] && isReuse === reuses) completed.push(loops[i].loop, loops[i].size);
      }
    }
  }
}

/**
 * How much of the elements that an operand has moves at the least over each link. All of them, but
 * rounding of fractions of loops may count fewer, and of dilated windows ZigZag counts more elements than
 * there are.
 */
function shareThatMustMove({ nest: { layer, operands } }: CostModel, index: number): number {
  const { average, operand } = operands[index];
  const isDilated = layer.relations.some(({ coefficients: [a, b] }) => a % b !== 0);
  if (isDilated && operand.relevance.includes(Relevance.PARTIAL)) return 0;
  const isWhole = average.loops.flat().every(({ factor }) => Number.isInteger(factor));
  return isWhole ? 1 : 1 / 8;
}
