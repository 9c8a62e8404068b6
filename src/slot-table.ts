import { DataStorage, engine } from '@tensorflow/tfjs-core';
import type { DataId, KernelBackend } from '@tensorflow/tfjs-core';
import type { Slot } from './slot.js';

/** A data id made by this backend: it knows its slot, out of sight of whoever prints or compares it. */
class OwnId {
  #slot: Slot | null;
  readonly #table: SlotTable;

  constructor(table: SlotTable, slot: Slot) {
    this.#table = table;
    this.#slot = slot;
  }

  static slotOf(dataId: DataId, table: SlotTable): Slot | null {
    return dataId instanceof OwnId && dataId.#table === table ? dataId.#slot : null;
  }

  static clear(dataId: DataId): void {
    if (dataId instanceof OwnId) dataId.#slot = null;
  }
}

/**
 * The slots of a backend by data id. An id made here leads to its slot by itself, so that finding it,
 * which happens several times a kernel call, costs nothing; only ids that came from another backend
 * are looked up.
 */
export class SlotTable extends DataStorage<Slot> {
  private readonly moved = new Map<DataId, Slot>();
  /** Ids made here and not deleted yet. */
  private own = 0;

  constructor(private readonly owner: KernelBackend) {
    super(owner, engine());
  }

  /** A new data id for `slot`. */
  add(slot: Slot): DataId {
    this.own++;
    return new OwnId(this, slot);
  }

  override get(dataId: DataId): Slot {
    const slot = this.find(dataId);
    if (slot) return slot;
    engine().moveData(this.owner, dataId);
    const arrived = this.find(dataId);
    if (!arrived) throw new Error('a tensor could not be moved to this backend');
    return arrived;
  }

  override set(dataId: DataId, slot: Slot): void {
    this.moved.set(dataId, slot);
  }

  override has(dataId: DataId): boolean {
    return this.find(dataId) !== undefined;
  }

  override delete(dataId: DataId): boolean {
    if (!OwnId.slotOf(dataId, this)) return this.moved.delete(dataId);
    OwnId.clear(dataId);
    this.own--;
    return true;
  }

  override numDataIds(): number {
    return this.own + this.moved.size;
  }

  /** The slot of an id of this backend; undefined for any other. */
  find(dataId: DataId): Slot | undefined {
    return OwnId.slotOf(dataId, this) ?? this.moved.get(dataId);
  }
}
