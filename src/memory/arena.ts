import type { Heap } from './heap.js';

/**
 * The temporaries of one evaluation. Whoever is done with a block frees it here, early; what an
 * error left behind is freed all at once, so that a failed evaluation leaks nothing.
 */
export class Arena {
  private readonly live = new Set<number>();

  constructor(private readonly heap: Heap) {}

  /** @throws OutOfMemoryError */
  allocate(bytes: number): number {
    const pointer = this.heap.allocate(bytes);
    this.live.add(pointer);
    return pointer;
  }

  /** Frees a block of this arena; one that `clear` has freed already is left alone. */
  free(pointer: number): void {
    if (this.live.delete(pointer)) this.heap.free(pointer);
  }

  /** Takes over a block of the heap. */
  adopt(pointer: number): number {
    this.live.add(pointer);
    return pointer;
  }

  /** Hands a block over to the caller, who frees it on the heap. */
  detach(pointer: number): number {
    this.live.delete(pointer);
    return pointer;
  }

  /** Frees what is left. */
  clear(): void {
    for (const pointer of this.live) this.heap.free(pointer);
    this.live.clear();
  }
}
