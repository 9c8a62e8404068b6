import type { FillKernels } from './kernels.js';
import type { BackendWasmModule } from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';

/** The WebAssembly heap could not hold an allocation. The backend remains usable. */
export class OutOfMemoryError extends Error {
  /** @param bytes the size of the allocation that failed */
  constructor(readonly bytes: number) {
    super(
      `tfjs-backend-dynconv is out of WebAssembly memory: ${bytes.toLocaleString('en')} bytes could ` +
        `not be allocated (a WebAssembly memory holds 4 GiB at most). Dispose tensors that are no ` +
        `longer needed (tf.tidy, tensor.dispose), or use a smaller batch.`,
    );
    this.name = 'OutOfMemoryError';
  }
}

/** Who may still read and write blocks that were freed: jobs that are done one after the other. */
export interface Fence {
  /** Jobs that were posted so far. */
  readonly posted: number;
  /** Jobs that will not touch memory any more: the first so many. */
  readonly settled: number;
  /** Waits until all are done. */
  drain(): void;
}

const MAX_BYTES = 2 ** 32 - 2 ** 16;

/** The heap of the one WebAssembly memory. Only the calling thread allocates. */
export class Heap {
  /** Blocks allocated here and not yet freed. */
  blocks = 0;
  /** Who must be done before a freed block may be used again. */
  fence: Fence | null = null;
  /** Blocks that jobs may still touch, in the order in which they were freed, and how many jobs were posted then. */
  private readonly freed: number[] = [];
  private readonly freedAt: number[] = [];
  /** So many of them may be used again already. */
  private swept = 0;

  constructor(
    private readonly module: BackendWasmModule,
    private readonly kernels: FillKernels,
  ) {}

  /**
   * Allocates `bytes` bytes, not cleared.
   * @throws OutOfMemoryError
   */
  allocate(bytes: number): number {
    this.sweep();
    let pointer = this.take(bytes);
    if (pointer === 0 && this.freed.length > 0) {
      this.fence?.drain();
      this.sweep();
      pointer = this.take(bytes);
    }
    if (pointer === 0) throw new OutOfMemoryError(bytes);
    this.blocks++;
    return pointer;
  }

  /** Takes charge of a block that C++ code allocated. */
  adopt(): void {
    this.blocks++;
  }

  free(pointer: number): void {
    this.blocks--;
    const { posted = 0, settled = 0 } = this.fence ?? {};
    if (settled === posted) this.module._free(pointer);
    else {
      this.freed.push(pointer);
      this.freedAt.push(posted);
    }
  }

  /** Lets freed blocks be used again that no job can touch any more. */
  sweep(): void {
    const { freed, freedAt } = this;
    if (freed.length === 0) return;
    const settled = this.fence?.settled ?? 0;
    while (this.swept < freed.length && freedAt[this.swept] <= settled) {
      this.module._free(freed[this.swept++]);
    }
    if (this.swept < freed.length) return;
    freed.length = 0;
    freedAt.length = 0;
    this.swept = 0;
  }

  /** Fills `bytes` bytes with `value`: engines do it 30 times as fast as by a view of shared memory. */
  fill(pointer: number, value: number, bytes: number): void {
    this.kernels.fill_bytes(pointer, value, bytes);
  }

  private take(bytes: number): number {
    return bytes > MAX_BYTES ? 0 : this.module._malloc(Math.max(bytes, 1)) >>> 0;
  }

  // Views change when the memory grows, so they are asked for at each use.
  get u8(): Uint8Array {
    return this.module.HEAPU8;
  }
  get i32(): Int32Array {
    return this.module.HEAP32;
  }
  get f32(): Float32Array {
    return this.module.HEAPF32;
  }
}
