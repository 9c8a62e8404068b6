import type { Cost } from '../cost/cost-model.js';
import { compareCosts, type Objective } from './objective.js';

/** The best few things that a search has met, the best first, none as dear as another. */
export class Best<T extends Cost> {
  readonly items: T[] = [];

  constructor(
    private readonly objective: Objective,
    private readonly limit: number,
  ) {}

  /** Whether something of this cost would be kept. */
  wants(cost: Cost): boolean {
    return (
      this.couldWant(cost) &&
      !this.items.some(({ latency, energy }) => latency === cost.latency && energy === cost.energy)
    );
  }

  /** Whether something that costs at least this much could be kept. */
  couldWant(bound: Cost): boolean {
    if (this.items.length < this.limit) return true;
    return compareCosts(bound, this.items[this.items.length - 1], this.objective) < 0;
  }

  add(item: T): void {
    const place = this.items.findIndex((other) => compareCosts(item, other, this.objective) < 0);
    this.items.splice(place < 0 ? this.items.length : place, 0, item);
    if (this.items.length > this.limit) this.items.pop();
  }
}
