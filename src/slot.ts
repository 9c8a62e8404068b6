import type { DataId, DataType } from '@tensorflow/tfjs-core';
import { force } from './graph/force.js';
import { View } from './graph/view.js';
import type { Storage } from './graph/storage.js';

/**
 * What the backend knows of a data id. It has the form of tfjs-backend-wasm's own records, so that
 * package's kernels read it; the address of a deferred tensor is asked for only there, and that is
 * when it is computed.
 */
export class Slot {
  /** Values of string tensors, encoded. */
  stringBytes?: Uint8Array[];
  private lastView: View | null = null;

  constructor(
    readonly storage: Storage | null,
    readonly shape: number[],
    readonly dtype: DataType,
    public refCount: number,
    /** The data id on the cpu backend, for types that have no place in WebAssembly memory. */
    readonly cpuId: DataId | null = null,
  ) {}

  /** What a deferred operation reads in this shape; null for values outside WebAssembly memory. */
  view(shape: number[]): View | null {
    if (!this.storage) return null;
    if (shape !== this.lastView?.shape) this.lastView = new View(this.storage, shape);
    return this.lastView;
  }

  /** Computes the values, if they are deferred. */
  compute(): void {
    if (this.storage) force(this.storage);
  }

  /** The storage, all of its values in memory. */
  get ready(): Storage {
    if (!this.storage)
      throw new Error(`a ${this.dtype} tensor has no values in WebAssembly memory`);
    this.compute();
    return this.storage;
  }

  get id(): number {
    return this.ready.id;
  }

  get memoryOffset(): number {
    return this.ready.pointer;
  }
}
