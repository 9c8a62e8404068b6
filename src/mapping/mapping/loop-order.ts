/** The most loops that an order can have. */
export const MAX_LOOPS = 32;

/** Temporal loops in order, the innermost first. Reused by a search: it changes in place. */
export class LoopOrder {
  length = 0;
  /** Of each place, the loop's index in the layer. */
  readonly loop = new Uint8Array(MAX_LOOPS);
  /** Of each place, its iterations. */
  readonly size = new Float64Array(MAX_LOOPS);

  push(loop: number, size: number): void {
    this.loop[this.length] = loop;
    this.size[this.length] = size;
    this.length++;
  }

  pop(): void {
    this.length--;
  }

  /** Product of the iterations of the places [from, to). */
  iterations(from: number, to: number): number {
    let product = 1;
    for (let place = from; place < to; place++) product *= this.size[place];
    return product;
  }
}
