import type { BackendWasmModule } from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';
import { SCRATCH_BYTES } from '../arrays/kernels.js';
import type { Kernels } from '../arrays/kernels.js';
import { Arena } from './arena.js';
import { Heap } from './heap.js';

/** Something that an evaluation holds and lets go of when it ends, by itself or by an error. */
interface Held {
  release(): void;
}

/** The machine that a backend runs on: one memory, the kernels on it, and its temporaries. */
export class Runtime {
  readonly heap: Heap;
  readonly arena: Arena;
  /** The calling thread's scratch memory for kernels. */
  readonly scratch: number;
  /** Rows on storages that an evaluation has not released yet. */
  readonly held = new Set<Held>();
  private zeroPointer = 0;
  private zeroBytes = 0;
  private readonly retired: number[] = [];

  constructor(
    readonly module: BackendWasmModule,
    readonly kernels: Kernels,
    /** The kernels are those with fused multiply-add. */
    readonly relaxed: boolean,
  ) {
    this.heap = new Heap(module);
    this.arena = new Arena(this.heap);
    this.scratch = this.heap.allocate(SCRATCH_BYTES);
  }

  /** Address of at least `bytes` zero bytes, which nobody writes: the row of an absent pixel. */
  zeros(bytes: number): number {
    if (bytes > this.zeroBytes) {
      const pointer = this.heap.allocate(bytes);
      this.heap.u8.fill(0, pointer, pointer + bytes);
      if (this.zeroPointer !== 0) this.retire(this.zeroPointer);
      this.zeroPointer = pointer;
      this.zeroBytes = bytes;
    }
    return this.zeroPointer;
  }

  /** Frees a block when the evaluation ends: commands of it may still hold the address. */
  retire(pointer: number): void {
    this.retired.push(pointer);
  }

  /** Lets go of whatever an evaluation that has ended left behind. */
  endEvaluation(): void {
    for (const held of [...this.held]) held.release();
    this.arena.clear();
    for (const pointer of this.retired) this.heap.free(pointer);
    this.retired.length = 0;
  }
}
