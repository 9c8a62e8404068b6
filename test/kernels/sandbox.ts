import type { Kernels, RowKernelName } from '../../src/memory/kernels.js';
import { commandWords } from './fields.js';
import type { Fields } from './fields.js';
import { kernelBytes, type KernelVariant } from '../support/wasm-bytes.js';

const SCRATCH_BYTES = 65536;
const POISON = 0xff;
/** Poisoned bytes after every allocation. */
const GAP = 64;

/**
 * A kernel module on its own memory. What is not written on purpose is poisoned: as float32 it is
 * NaN, so that a result shows what was read beyond an operand, and `assertIntact` shows what was
 * written beyond one.
 */
export class Sandbox {
  private readonly bytes: Uint8Array;
  private readonly start: number;
  private readonly scratch: number;
  private top: number;
  private gaps: number[] = [];

  private constructor(
    readonly kernels: Kernels,
    private readonly memory: WebAssembly.Memory,
    start: number,
  ) {
    this.bytes = new Uint8Array(memory.buffer);
    this.start = start;
    this.scratch = start;
    this.top = start;
    this.reset();
  }

  /**
   * Instantiates the kernels of one instruction set; undefined where the host does not run it.
   *
   * @param start the address of the first operand, a multiple of 16
   */
  static async create(variant: KernelVariant, start = 1024): Promise<Sandbox | undefined> {
    const bytes = await kernelBytes(variant);
    if (!WebAssembly.validate(bytes)) return undefined;
    const memory = new WebAssembly.Memory({ initial: (start >>> 16) + 64, maximum: 65536 });
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    return new Sandbox(instance.exports as unknown as Kernels, memory, start);
  }

  /** Frees every operand and poisons the memory that they took. */
  reset(): void {
    this.bytes.fill(POISON, this.start, Math.max(this.top, this.scratch + SCRATCH_BYTES) + GAP);
    this.top = this.scratch + SCRATCH_BYTES;
    this.gaps = [];
  }

  /** The address of `bytes` poisoned bytes: a multiple of 4, but not of 16. */
  alloc(bytes: number): number {
    const pointer = ((this.top + 15) & ~15) >>> 0;
    const address = pointer + 4;
    this.bytes.fill(POISON, address, address + bytes + GAP);
    this.gaps.push(address + bytes);
    this.top = address + bytes + GAP;
    return address;
  }

  placeFloats(values: ArrayLike<number>): number {
    const address = this.alloc(values.length * 4);
    new Float32Array(this.memory.buffer, address, values.length).set(values);
    return address;
  }

  placeInts(values: ArrayLike<number>): number {
    const address = this.alloc(values.length * 4);
    new Int32Array(this.memory.buffer, address, values.length).set(values);
    return address;
  }

  placeBytes(values: ArrayLike<number>): number {
    const address = this.alloc(values.length);
    this.bytes.set(values, address);
    return address;
  }

  /** A command with stride, dilation and clamp set to none unless given, and a row of zeros. */
  placeCommand(fields: Fields): number {
    const words = commandWords(fields);
    const address = this.alloc(words.byteLength);
    new Int32Array(this.memory.buffer, address, words.length).set(words);
    return address;
  }

  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer.slice(address, address + count * 4));
  }

  ints(address: number, count: number): number[] {
    return [...new Int32Array(this.memory.buffer, address, count)];
  }

  read(address: number, count: number): number[] {
    return [...this.bytes.subarray(address, address + count)];
  }

  run(kernel: RowKernelName, command: number, r0: number, r1: number): void {
    this.kernels[kernel](command, r0, r1, this.scratch);
  }

  /** @throws Error if anything was written behind an operand. */
  assertIntact(): void {
    for (const gap of this.gaps) {
      for (let i = gap; i < gap + GAP; i++) {
        if (this.bytes[i] !== POISON) throw new Error(`written ${i - gap} bytes behind an operand`);
      }
    }
  }
}

/** Declares the same specs for the modules of both instruction sets. */
export function describeKernels(name: string, specs: (sandbox: () => Sandbox) => void): void {
  for (const variant of ['simd', 'relaxed-simd'] as const) {
    describe(`${name} (${variant})`, () => {
      let sandbox: Sandbox | undefined;
      before(async function () {
        sandbox = await Sandbox.create(variant);
        if (!sandbox) this.skip();
      });
      specs(() => sandbox!);
    });
  }
}
