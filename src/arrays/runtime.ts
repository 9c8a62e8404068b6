import type { BackendWasmModule } from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';
import type { Kernels } from '../memory/kernels.js';
import { Arena } from '../memory/arena.js';
import { Heap } from '../memory/heap.js';
import type { Machine } from '../memory/load.js';
import { Held } from './held.js';
import { Lanes } from './lanes.js';
import { useVectors } from './routing.js';

/** The machine that a backend runs on: one memory, the kernels on it, and its temporaries. */
export class Runtime {
  readonly heap: Heap;
  readonly arena: Arena;
  /** Rows on storages that an evaluation has not released yet. */
  readonly held = new Held();
  private zeroPointer = 0;
  private zeroBytes = 0;
  private readonly retired: number[] = [];

  /** tfjs-backend-wasm's own module. */
  readonly module: BackendWasmModule;
  readonly kernels: Kernels;
  readonly lanes: Lanes;
  /** The kernels are those with fused multiply-add. */
  readonly relaxed: boolean;

  constructor({ module, kernels, kernelModule, memory, relaxed, vectorBits }: Machine) {
    useVectors(vectorBits);
    this.module = module;
    this.kernels = kernels;
    this.relaxed = relaxed;
    this.heap = new Heap(module, kernels);
    this.arena = new Arena(this.heap);
    this.lanes = new Lanes(memory, this.heap, kernels, kernelModule);
  }

  /** Address of at least `bytes` zero bytes, which nobody writes: the row of an absent pixel. */
  zeros(bytes: number): number {
    if (bytes > this.zeroBytes) {
      const pointer = this.heap.allocate(bytes);
      this.heap.fill(pointer, 0, bytes);
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
    this.held.release();
    this.arena.clear();
    for (const pointer of this.retired) this.heap.free(pointer);
    this.retired.length = 0;
  }
}
