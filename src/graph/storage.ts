import type { DataType } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { Token } from '../arrays/lanes.js';
import type { Runtime } from '../arrays/runtime.js';

/** No job reads. */
const NOBODY: readonly Token[] = [];
const NOTHING: readonly Storage[] = [];

/** What one region of a deferred node was computed to, while another region may still be asked. */
export interface Partial {
  /** Address of the dense values, valid where `covered` says so. */
  pointer: number;
  /** Address of a byte per pixel: 1 where the values are computed. */
  covered: number;
  /** How many pixels are. */
  count: number;
}

/** Values that are computed, or will be, though nobody has asked for them yet. */
export interface Speculated {
  /** Address of the dense values. */
  readonly pointer: number;
  /** Something else was computed of them. */
  isRead: boolean;
  /** Nobody ever asked for them, nor was anything computed of them. */
  readonly wasted: () => void;
}

/** How values can be computed that are not: a storage knows of it only what it reads. */
export interface Deferred {
  readonly inputs: readonly { readonly storage: Storage }[];
  readonly primitive: { readonly name: string };
  readonly shape: readonly number[];
  /** How many operations were deferred before it since the last evaluation. */
  readonly place: number;
  /** A hash of the weights that those and this one read, and whether masks are looked at. */
  readonly signature: number;
  /** The longest chain of deferred operations that ends here. */
  readonly depth: number;
  /** It may be meant as a mask: its zeros are made on purpose, or given. */
  readonly mayMask: boolean;
  /** The most layers in a chain of deferred operations that ends here. */
  readonly layers: number;
  /** How far the windows of the deferred operations reach, one after the other. */
  readonly reach: number;
}

/** All that decides in which order weights are packed. */
export interface Layout {
  equals(other: this): boolean;
}

/** Storages that were packed so far. */
let packed = 0;

/** Weights in the layout of a kernel. */
interface Pack {
  readonly layout: Layout;
  /** What else is packed with them. */
  readonly key: number;
  readonly pointer: number;
}

/** Gives finished storages the identity under which tfjs-backend-wasm's own kernels know them. */
export interface TensorRegistry {
  register(size: number, pointer: number): number;
  unregister(id: number): void;
  /** The storage is deferred no more: it is computed, failed, or nobody reads it. */
  settled(storage: Storage): void;
  /** The bytes that only deferred nodes hold changed by `bytes`. */
  orphaned(bytes: number): void;
}

/**
 * The values of a tensor: computed and in memory, or deferred (a node that can compute them).
 *
 * Counted by reference: every data id, every deferred node that reads it, and every `Rows` on it
 * holds one. The creator holds the first.
 */
export class Storage {
  private users = 1;
  private ids = 1;
  private isOrphan = false;
  private failure: Error | null = null;
  private pointerOrZero = 0;
  private wasmId = 0;
  private packs: Pack[] | null = null;
  /** Of weights, once they are packed: no others have this number. 0 for all else. */
  weightsNumber = 0;
  /** Its node is being evaluated: what the node reads may be gone before its values are there. */
  isUnderWay = false;
  /** What is computed already of a deferred node that has several readers. */
  partial: Partial | null = null;
  /**
   * The values, if they were computed before anybody asked. Until somebody does, the storage is deferred to all who
   * defer what reads it: that must not depend on how far the lanes have come.
   */
  speculated: Speculated | null = null;
  /** What the values were computed of before anybody asked: who asks for these asks for those, too. */
  computedOf: readonly Storage[] = NOTHING;
  /** When the values, or those of `partial` or `speculated`, are in memory: lanes may be computing them. */
  token: Token = 0;
  /** When the jobs that read the values, and that were not done when last looked at, are done. */
  readers: readonly Token[] = NOBODY;

  constructor(
    readonly runtime: Runtime,
    private readonly registry: TensorRegistry,
    readonly shape: number[],
    readonly dtype: DataType,
    /** How to compute the values; null once they are in memory. */
    public node: Deferred | null,
    /** No value is negative, as far as the operation that makes it tells. */
    readonly nonNegative = false,
  ) {}

  get size(): number {
    return util.sizeFromShape(this.shape);
  }

  get bytes(): number {
    return this.size * util.bytesPerElement(this.dtype);
  }

  /** The values are in memory (or were, for one whose block an in-place operation took over). */
  get isReady(): boolean {
    this.check();
    return this.node === null;
  }

  /** @throws the error that ended the evaluation of these values, or with which a lane lost what was computed of them */
  check(): void {
    const loss = this.token === 0 ? null : this.runtime.lanes.lossOf(this.token);
    if (loss && !this.failure) this.fail(loss);
    if (this.failure) throw this.failure;
  }

  /** The evaluation of these values failed half-way: whoever reads them gets the error again. */
  fail(error: Error): void {
    this.failure = error;
    this.isUnderWay = false;
    this.dropNode();
  }

  /** Address of the values. Only when ready, or speculated. */
  get pointer(): number {
    return this.speculated?.pointer ?? this.pointerOrZero;
  }

  /**
   * The id under which tfjs-backend-wasm's kernels know these values. Only when ready. Most values
   * pass from one deferred operation to the next, and never need one.
   */
  get id(): number {
    if (this.wasmId === 0) this.wasmId = this.registry.register(this.size, this.pointerOrZero);
    return this.wasmId;
  }

  /** Takes over the block at `pointer`, which holds all values once the token's moment has come. */
  fulfil(pointer: number): void {
    this.pointerOrZero = pointer;
    this.dropNode();
    this.settle();
  }

  /** Somebody asks: values that were computed before are its values now, as if they were computed only now. */
  claim(): void {
    if (!this.speculated && this.computedOf === NOTHING) return;
    const asked: Storage[] = [this];
    for (let storage = asked.pop(); storage; storage = asked.pop()) {
      asked.push(...storage.computedOf);
      storage.computedOf = NOTHING;
      if (!storage.speculated) continue;
      const { pointer } = storage.speculated;
      storage.speculated = null;
      storage.fulfil(pointer);
    }
  }

  /** The job before `token` reads the values: they must not change before it is done. */
  readBy(token: Token): void {
    const { lanes } = this.runtime;
    if (lanes.isDone(token)) return;
    const { readers } = this;
    const open = readers.length === 0 ? [] : readers.filter((reader) => !lanes.isDone(reader));
    open.push(token);
    this.readers = open;
  }

  /** Gives up the block with the values to the caller; this storage is spent. */
  surrender(): number {
    const pointer = this.pointerOrZero;
    this.forget();
    this.settle();
    return pointer;
  }

  retain(): this {
    this.users++;
    return this;
  }

  /** A data id of these values is gone; deferred nodes may still read them. */
  releaseId(): void {
    this.ids--;
    this.settle();
    this.release();
  }

  /** A tensor has these values: somebody may ask for them. */
  get hasId(): boolean {
    return this.ids > 0;
  }

  /** Data ids, deferred nodes and rows that refer to these values. */
  get references(): number {
    return this.users;
  }

  release(): void {
    if (this.users > 1) {
      this.users--;
      return;
    }
    // A chain of nodes that nobody reads any more is walked, not recursed: it may be long.
    const pending: Storage[] = [this];
    for (let storage = pending.pop(); storage; storage = pending.pop()) {
      if (--storage.users > 0) continue;
      if (storage.node) {
        for (const input of storage.node.inputs) pending.push(input.storage);
        storage.node = null;
        storage.registry.settled(storage);
      }
      storage.free();
    }
  }

  /**
   * Weights in the layout of a kernel, made by `pack` at the first use and kept as long as these
   * values. `layout` tells all of the layout; with another `key` (another bias) it is packed anew.
   */
  packed(
    layout: Layout,
    key: number,
    bytes: () => number,
    pack: (pointer: number) => void,
  ): number {
    const packs = (this.packs ??= []);
    const at = packs.findIndex((known) => known.layout.equals(layout));
    if (packs[at]?.key === key) return packs[at].pointer;
    const pointer = this.runtime.heap.allocate(bytes());
    pack(pointer);
    this.weightsNumber ||= ++packed;
    if (at >= 0) this.runtime.retire(packs.splice(at, 1)[0].pointer);
    packs.push({ layout, key, pointer });
    return pointer;
  }

  /** Forgets how the values are computed, and lets go of what that would read. */
  dropNode(): void {
    const node = this.node;
    this.node = null;
    this.freePartial();
    if (!node) return;
    this.registry.settled(this);
    for (const { storage } of node.inputs) storage.release();
  }

  private freePartial(): void {
    if (!this.partial) return;
    if (this.partial.pointer !== this.pointerOrZero) this.runtime.heap.free(this.partial.pointer);
    this.runtime.heap.free(this.partial.covered);
    this.partial = null;
  }

  private free(): void {
    this.freePartial();
    if (this.speculated) {
      this.runtime.heap.free(this.speculated.pointer);
      if (!this.speculated.isRead) this.speculated.wasted();
      this.speculated = null;
    }
    if (this.pointerOrZero !== 0) this.runtime.heap.free(this.pointerOrZero);
    this.forget();
    this.settle();
  }

  /** Tells the registry whether these values take memory that only deferred nodes hold. */
  private settle(): void {
    const orphan = this.pointerOrZero !== 0 && this.ids === 0;
    if (orphan === this.isOrphan) return;
    this.isOrphan = orphan;
    this.registry.orphaned(orphan ? this.bytes : -this.bytes);
  }

  private forget(): void {
    if (this.wasmId !== 0) this.registry.unregister(this.wasmId);
    this.wasmId = 0;
    this.pointerOrZero = 0;
    for (const { pointer } of this.packs ?? []) this.runtime.heap.free(pointer);
    this.packs = null;
  }
}
