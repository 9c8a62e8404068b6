import type { DataType } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { Bounds, Command } from '../arrays/command.js';
import type { Entry } from '../arrays/table.js';
import type { Token } from '../arrays/lanes.js';
import type { RowKernelName } from '../memory/kernels.js';
import type { Runtime } from '../arrays/runtime.js';
import type { View } from './view.js';
import { PixelSet } from './pixels.js';
import type { LayerRecord } from './record.js';
import type { Deferred, Storage } from './storage.js';
import type { Window } from './window.js';

/** How rows that are not computed yet are computed: one kernel over a range of rows. */
export interface Producer {
  readonly kernel: RowKernelName;
  readonly command: Command;
  /** The operands of the command, in its order: at most two. */
  readonly inputs: readonly Rows[];
  /** Rows that the command's weights lie in, kept while it may run. */
  readonly weights?: Rows[];
  /** What may still be added to the end of the kernel; absent when nothing may. */
  readonly epilogue?: Epilogue;
  /** Packs the weights for the command just before that is placed in memory: they are not read afterwards. */
  readonly prepare?: () => void;
  /** The window through which the first input is read; null for pixel by pixel. */
  readonly window: Window | null;
  /** How the layer is mapped; absent for an elementwise one. */
  readonly entry?: Entry;
  /** Where a profile collects this layer's time. */
  readonly record: LayerRecord | null;
}

/**
 * The operations that a kernel can do with its results before it stores them, in this order, while
 * they are still pending: so a bias and an activation of their own cost no pass over the rows.
 */
export class Epilogue {
  private isClamped = false;

  /**
   * @param addBias makes the kernel add a vector; null for one that cannot, or adds one already
   * @param addSlopes makes the kernel multiply what is negative by a slope for each channel; null for one that cannot
   */
  constructor(
    private addBias: ((bias: Rows) => void) | null = null,
    private addSlopes: ((slopes: Rows) => void) | null = null,
  ) {}

  /** Adds `bias`, and takes it over; false if that cannot be done. */
  takeBias(bias: Rows): boolean {
    if (this.isClamped || !this.addBias) return false;
    this.addBias(bias);
    this.addBias = null;
    return true;
  }

  /** Multiplies what is negative by `slopes`, one for each channel, and takes them over; false if that cannot be done. */
  takeSlopes(slopes: Rows): boolean {
    if (this.isClamped || !this.addSlopes) return false;
    this.addSlopes(slopes);
    this.addSlopes = null;
    this.addBias = null;
    return true;
  }

  /** Clamps the results of `command`; false if they are clamped already. */
  takeBounds(command: Command, bounds: Bounds): boolean {
    if (this.isClamped) return false;
    command.bounds(bounds);
    this.isClamped = true;
    return true;
  }
}

/** Where values may be negative: in these pixels alone, if it is known. */
export type Negatives = PixelSet | 'nowhere' | 'anywhere';

/** No job reads. */
const NOBODY: readonly Token[] = [];

/** Rows up to this number are never held back: a longer chain is computed first. */
export const LONGEST_CHAIN = 8;

/**
 * The rows of an operation's output: one row of channels for each pixel of `set`. Dense when the set
 * is all pixels; then row and pixel are the same number.
 *
 * Rows are computed (`pointer` is set) or pending (`producer` is set). Pending rows have one reader,
 * and are computed with it in strips that stay in the cache (see stream.ts).
 */
export class Rows {
  /** Rows held back beneath these, this one included; 0 when computed. */
  readonly chain: number;
  /** Bytes of one row. */
  readonly stride: number;
  /** When the values are in memory, once the rows are not pending: lanes may be computing them. */
  token: Token = 0;
  /** The node that they are all of, if no storage has them. */
  origin: Deferred | null = null;
  /** When jobs that read the block, if it was a storage's, are done. */
  readers: readonly Token[] = NOBODY;
  heldAt = 0;

  private constructor(
    readonly runtime: Runtime,
    readonly set: PixelSet,
    readonly channels: number,
    readonly dtype: DataType,
    public pointer: number,
    public producer: Producer | null,
    /** The storage in whose block the rows lie; null when they own their block. */
    readonly source: Storage | null,
    readonly negatives: Negatives,
  ) {
    set.retain();
    if (negatives instanceof PixelSet) negatives.retain();
    this.stride = channels * util.bytesPerElement(dtype);
    this.chain = producer ? 1 + longestChain(producer.inputs) : 0;
  }

  /** The values of a storage that is ready (or ready where they are read), `channels` a row. */
  static of(storage: Storage, set: PixelSet, channels: number, pointer = storage.pointer): Rows {
    const { runtime, dtype, nonNegative } = storage.retain();
    const negatives = nonNegative ? 'nowhere' : 'anywhere';
    const rows = new Rows(runtime, set, channels, dtype, pointer, null, storage, negatives);
    rows.token = storage.token;
    runtime.held.add(rows);
    return rows;
  }

  /** All the values of a view, which are in memory. */
  static ofView({ storage, pixels, channels }: View): Rows {
    return Rows.of(storage, PixelSet.all(storage.runtime, pixels), channels);
  }

  /** Computed rows; the block at `pointer` is of the arena and becomes theirs. */
  static computed(
    runtime: Runtime,
    set: PixelSet,
    channels: number,
    dtype: DataType,
    pointer: number,
  ): Rows {
    return new Rows(runtime, set, channels, dtype, pointer, null, null, 'anywhere');
  }

  /** Rows to be computed by `producer`. */
  static pending(
    runtime: Runtime,
    set: PixelSet,
    channels: number,
    producer: Producer,
    dtype: DataType = 'float32',
  ): Rows {
    return new Rows(runtime, set, channels, dtype, 0, producer, null, 'anywhere');
  }

  /** No rows at all: every wanted pixel is zero. */
  static none(runtime: Runtime, total: number, channels: number, dtype: DataType): Rows {
    const pixels = runtime.arena.allocate(4);
    const set = PixelSet.fromList(runtime, total, 0, pixels);
    const rows = Rows.computed(runtime, set, channels, dtype, runtime.arena.allocate(4));
    set.release();
    return rows;
  }

  /**
   * Rows in the block of these, whose values were changed in place: what was known of the old values
   * stays behind. These are spent; they are computed, and own their block.
   */
  changed(negatives: Negatives): Rows {
    const { runtime, set, channels, dtype, pointer } = this;
    const rows = new Rows(runtime, set, channels, dtype, pointer, null, null, negatives);
    rows.token = this.token;
    rows.readers = this.readers;
    this.set.release();
    this.releaseNegatives();
    return rows;
  }

  get isPending(): boolean {
    return this.producer !== null;
  }

  get isEmpty(): boolean {
    return this.set.count === 0;
  }

  /** The pixels of `want` that may be other than zero. `want` covers every compact set. */
  support(want: PixelSet): PixelSet {
    return this.set.isAll ? want : this.set;
  }

  /** The rows are no longer read but by the job before `token`. */
  releaseAfter(token: Token): void {
    this.source?.readBy(token);
    this.release();
  }

  /** The rows are no longer read. */
  release(): void {
    if (this.producer) {
      const { inputs, weights = [] } = this.producer;
      for (const rows of [...inputs, ...weights]) rows.release();
    } else if (this.source) {
      this.runtime.held.delete(this);
      this.source.release();
    } else this.runtime.arena.free(this.pointer);
    this.set.release();
    this.releaseNegatives();
  }

  private releaseNegatives(): void {
    if (this.negatives instanceof PixelSet) this.negatives.release();
  }
}

function longestChain(inputs: readonly Rows[]): number {
  let longest = 0;
  for (const { chain } of inputs) if (chain > longest) longest = chain;
  return longest;
}
