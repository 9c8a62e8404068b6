/** Something that an evaluation holds, and lets go of by `release`, which calls `Held.delete`. */
interface Holding {
  /** Where it is kept; of no concern to itself. */
  heldAt: number;
  release(): void;
}

/**
 * What an evaluation holds. A prediction adds and deletes thousands: each knows its place, so that nothing is looked
 * for and no garbage is left, as a `Set` leaves it.
 */
export class Held {
  private readonly holdings: Holding[] = [];

  add(holding: Holding): void {
    holding.heldAt = this.holdings.length;
    this.holdings.push(holding);
  }

  delete(holding: Holding): void {
    const last = this.holdings.pop();
    if (!last || last === holding) return;
    last.heldAt = holding.heldAt;
    this.holdings[last.heldAt] = last;
  }

  /** Lets go of whatever is left. */
  release(): void {
    for (let last = this.holdings.at(-1); last; last = this.holdings.at(-1)) last.release();
  }
}
