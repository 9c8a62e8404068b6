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

const MAX_BYTES = 2 ** 32 - 2 ** 16;

/** The heap of the one WebAssembly memory. Only the calling thread allocates. */
export class Heap {
  /** Blocks allocated here and not yet freed. */
  blocks = 0;

  constructor(private readonly module: BackendWasmModule) {}

  /**
   * Allocates `bytes` bytes, not cleared.
   * @throws OutOfMemoryError
   */
  allocate(bytes: number): number {
    const pointer = bytes > MAX_BYTES ? 0 : this.module._malloc(Math.max(bytes, 1)) >>> 0;
    if (pointer === 0) throw new OutOfMemoryError(bytes);
    this.blocks++;
    return pointer;
  }

  /** Takes charge of a block that C++ code allocated. */
  adopt(): void {
    this.blocks++;
  }

  free(pointer: number): void {
    this.module._free(pointer);
    this.blocks--;
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
