import { util } from '@tensorflow/tfjs-core';
import type { DataId, DataType, TensorInfo, backend_util } from '@tensorflow/tfjs-core';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';
import { force, forceInSlices } from './graph/force.js';
import { Node } from './graph/node.js';
import type { Primitive } from './graph/node.js';
import type { View } from './graph/view.js';
import { Speculation } from './graph/speculation.js';
import { Storage } from './graph/storage.js';
import type { TensorRegistry } from './graph/storage.js';
import type { Runtime } from './arrays/runtime.js';
import { Attempts } from './attempts.js';
import type { Attempted } from './attempts.js';
import { Slot } from './slot.js';
import { SlotTable } from './slot-table.js';
import { onLanes, skips } from './flags.js';
import { bytesOf, copied } from './values.js';
import { isEmpty } from './wasm-kernels.js';
import { cpuBackend } from './cpu-backend.js';
import { isRecording, noteDeferral, noteNumber, requireReadable } from './recording.js';
import type { Deferral } from './prepared.js';

type Values = backend_util.BackendValues;

/** A longer chain of deferred operations is computed before it grows further. */
const LONGEST_DEFERRAL = 4096;
/** Whenever so many more nodes are deferred, lanes hear that there is work ahead. */
const ALERT_AFTER = 32;
/** Bytes that only deferred operations may hold before they are computed. */
const MOST_ORPHANED_BYTES = 256 * 2 ** 20;

/**
 * The backend's storage: a BackendWasm whose tensors may be deferred.
 *
 * A kernel that knows its region rule returns a deferred tensor. Whoever asks for the values
 * (`readSync`, `read`, any kernel of tfjs-backend-wasm or of the cpu backend) has them computed.
 */
export class DynconvBackend extends BackendWasm implements TensorRegistry {
  private readonly slots: SlotTable;
  private nextId = 1;
  private orphanedBytes = 0;
  private readonly attempts = new Attempts((dataId) => this.disposeData(dataId));
  private readonly deferred = new Set<Storage>();
  private readonly forgetLanes: () => void;

  constructor(readonly runtime: Runtime) {
    super(runtime.module);
    this.slots = new SlotTable(this);
    this.dataIdMap = this.slots;
    this.forgetLanes = onLanes((lanes, cores) => {
      runtime.lanes.start(lanes, cores);
    });
  }

  slot(dataId: DataId): Slot {
    return this.slots.get(dataId);
  }

  // Deferral.

  /**
   * A deferred tensor: `primitive` of `inputs` once somebody asks for it.
   * @throws RangeError when its shape could not be that of any tensor
   */
  defer(
    primitive: Primitive,
    views: readonly View[],
    shape: number[],
    dtype: DataType,
    nonNegative = false,
  ): TensorInfo {
    requireShape(shape);
    const deferral = { primitive, views, shape, dtype, nonNegative };
    const storage = this.deferValues(deferral);
    noteDeferral(deferral, storage);
    return this.tensorOf(storage);
  }

  /** Deferred values that no tensor has yet; the caller has the reference of one. */
  deferValues({ primitive, views, shape, dtype, nonNegative }: Deferral): Storage {
    for (const { storage } of views) storage.retain();
    const node = new Node(primitive, views, shape, dtype);
    const storage = new Storage(this.runtime, this, shape, dtype, node, nonNegative);
    this.deferred.add(storage);
    if (!isRecording()) Speculation.of(this.runtime).noteDeferral(storage, node, skips());
    if (this.deferred.size % ALERT_AFTER === 0) this.runtime.lanes.areAlert = true;
    if (node.depth > LONGEST_DEFERRAL || this.orphanedBytes > MOST_ORPHANED_BYTES) {
      try {
        force(storage);
      } catch (error) {
        storage.releaseId();
        throw error;
      }
    }
    return storage;
  }

  /** A tensor of deferred values. */
  tensorOf(storage: Storage): TensorInfo {
    return this.adopt(new Slot(storage, storage.shape, storage.dtype, 1));
  }

  /** The value of a float32 tensor of one number in memory; null for any other. */
  numberOf({ storage, shape, dtype }: View): number | null {
    if (dtype !== 'float32' || util.sizeFromShape(shape) !== 1 || !storage.isReady) return null;
    // Lanes may still be computing it, for data() of another tensor.
    if (!this.runtime.lanes.isDone(storage.token)) return null;
    noteNumber(storage);
    return this.runtime.heap.f32[storage.pointer >>> 2];
  }

  /** A tensor whose values `write` writes to their address; given back if that fails. */
  output(shape: number[], dtype: DataType, write: (pointer: number) => void): TensorInfo {
    const { result, error } = this.attempt(() => {
      const output = this.makeOutput(shape, dtype);
      write(this.slot(output.dataId).memoryOffset);
      return output;
    });
    if (!result) throw error;
    return result;
  }

  /** What a deferred operation reads when it reads this tensor. */
  view({ dataId, shape, dtype }: TensorInfo): View {
    const view = this.slot(dataId).view(shape);
    if (!view) throw new Error(`a ${dtype} tensor has no values in WebAssembly memory`);
    return view;
  }

  /** Computes every tensor that is deferred; the last ones first, as they may need less of others. */
  flush(): void {
    for (const storage of [...this.deferred].reverse()) {
      if (storage.hasId && this.deferred.has(storage)) force(storage);
    }
  }

  /** A tensor on values that stay another's, for one kernel call; `takeBack` ends it. */
  lend(pointer: number, shape: number[], dtype: DataType): TensorInfo {
    return this.adopt(new Slot(this.storageAt(pointer, shape, dtype), shape, dtype, 1));
  }

  /** Ends a tensor that no one else knows; returns the address of its values, which live on. */
  takeBack({ dataId }: TensorInfo): number {
    const { ready } = this.slot(dataId);
    const pointer = ready.surrender();
    ready.releaseId();
    this.dataIdMap.delete(dataId);
    this.attempts.count(dataId, -1);
    return pointer;
  }

  // TensorRegistry: how storages are known to tfjs-backend-wasm's own kernels.

  register(size: number, pointer: number): number {
    const id = this.nextId++;
    this.wasm.tfjs.registerTensor(id, size, pointer);
    return id;
  }

  unregister(id: number): void {
    // Once the backend is removed, nobody is left to tell.
    (this.wasm as typeof this.wasm | null)?.tfjs.disposeData(id);
  }

  settled(storage: Storage): void {
    this.deferred.delete(storage);
  }

  orphaned(bytes: number): void {
    this.orphanedBytes += bytes;
  }

  /**
   * Runs another backend's kernel. What it made or referred to and does not return, because it threw
   * or forgot it, is given back.
   */
  attempt<T extends TensorInfo | TensorInfo[]>(kernel: () => T): Attempted<T> {
    return this.attempts.attempt(kernel);
  }

  override incRef(dataId: DataId): void {
    super.incRef(dataId);
    this.attempts.count(dataId, 1);
  }

  // TensorStorage.

  private place(slot: Slot): DataId {
    const dataId = this.slots.add(slot);
    this.attempts.count(dataId, 1);
    return dataId;
  }

  private adopt(slot: Slot): TensorInfo {
    return { dataId: this.place(slot), shape: slot.shape, dtype: slot.dtype };
  }

  override write(values: Values | null, shape: number[], dtype: DataType): DataId {
    return this.place(this.slotOf(values, shape, dtype, 1));
  }

  override move(
    dataId: DataId,
    values: Values | null,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    this.slots.set(dataId, this.slotOf(values, shape, dtype, refCount));
  }

  private slotOf(values: Values | null, given: number[], dtype: DataType, refCount: number): Slot {
    requireShape(given);
    // The caller may change its list afterwards.
    const shape = [...given];
    if (dtype === 'string') {
      const slot = new Slot(null, shape, dtype, refCount);
      slot.stringBytes = values as Uint8Array[];
      return slot;
    }
    if (dtype === 'complex64') {
      const cpuId = cpuBackend().write(values!, shape, dtype);
      return new Slot(null, shape, dtype, refCount, cpuId);
    }
    const { heap } = this.runtime;
    const bytes = values && bytesOf(values as backend_util.TypedArray | number[], dtype);
    const size = util.sizeFromShape(shape) * util.bytesPerElement(dtype);
    const pointer = heap.allocate(size);
    if (bytes) {
      // Kernels of the cpu backend may hand over more values than an empty output has, or fewer.
      heap.u8.set(bytes.length > size ? bytes.subarray(0, size) : bytes, pointer);
      if (bytes.length < size) heap.fill(pointer + bytes.length, 0, size - bytes.length);
    }
    return new Slot(this.storageAt(pointer, shape, dtype), shape, dtype, refCount);
  }

  /** A data id for values that lie on the cpu backend as `cpuId`, which passes over to it. */
  adoptCpu(cpuId: DataId, shape: number[], dtype: DataType): TensorInfo {
    return this.adopt(new Slot(null, shape, dtype, 1, cpuId));
  }

  /** A storage with the values at `pointer`, an allocated block that it takes over. */
  storageAt(pointer: number, shape: number[], dtype: DataType): Storage {
    const storage = new Storage(this.runtime, this, shape, dtype, null);
    storage.fulfil(pointer);
    return storage;
  }

  override makeOutput(
    shape: number[],
    dtype: DataType,
    memoryOffset?: number,
    values?: Values,
  ): TensorInfo {
    if (memoryOffset === undefined) {
      // Some kernels write to an output that has no room for anything; the cpu backend makes it.
      if (!values && isEmpty(shape)) throw new Error('the output is empty');
      return { dataId: this.write(values ?? null, shape, dtype), shape, dtype };
    }
    this.runtime.heap.adopt();
    return this.adopt(new Slot(this.storageAt(memoryOffset >>> 0, shape, dtype), shape, dtype, 1));
  }

  override async read(dataId: DataId): Promise<Values> {
    requireReadable(dataId);
    const slot = this.slot(dataId);
    const { storage } = slot;
    // The tensor may be disposed of before its values are there.
    storage?.retain();
    try {
      if (storage) await forceInSlices(storage);
      return this.readSlot(slot);
    } finally {
      storage?.release();
    }
  }

  override readSync(dataId: DataId, start?: number, end?: number): Values {
    requireReadable(dataId);
    return this.readSlot(this.slot(dataId), start, end);
  }

  private readSlot(slot: Slot, start = 0, end?: number): Values {
    const { storage, cpuId, stringBytes, shape, dtype } = slot;
    if (cpuId) return cpuBackend().readSync(cpuId);
    if (stringBytes) return stringBytes.slice(start, end);
    if (!storage) throw new Error('a tensor without values cannot be read');
    slot.compute();
    const { f32, i32, u8 } = this.runtime.heap;
    const values = dtype === 'float32' ? f32 : dtype === 'int32' ? i32 : u8;
    const first = storage.pointer / values.BYTES_PER_ELEMENT;
    const stop = end ?? util.sizeFromShape(shape);
    return copied(values, first + start, first + stop);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const slot = this.slots.find(dataId);
    if (!slot) return true;
    this.attempts.count(dataId, -1);
    slot.refCount--;
    if (!force && slot.refCount > 0) return false;
    if (slot.cpuId) cpuBackend().disposeData(slot.cpuId);
    slot.storage?.releaseId();
    this.dataIdMap.delete(dataId);
    return true;
  }

  override async time(f: () => void): Promise<{ kernelMs: number }> {
    const start = util.now();
    f();
    this.flush();
    return Promise.resolve({ kernelMs: util.now() - start });
  }

  override dispose(): void {
    this.deferred.clear();
    this.forgetLanes();
    this.runtime.lanes.stop();
    super.dispose();
  }
}

/** @throws RangeError for a shape that no tensor has: tfjs-core passes sizes on unchecked. */
function requireShape(shape: readonly number[]): void {
  for (const size of shape) {
    if (size < 0) throw new RangeError(`there is no tensor of shape [${shape.join(', ')}]`);
  }
}
