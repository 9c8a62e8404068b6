import { DataStorage, engine } from '@tensorflow/tfjs-core';
import type { DataId, KernelBackend } from '@tensorflow/tfjs-core';
import { Slot } from './slot.js';

/**
 * The slots of a backend by data id. A data id made here is its own slot, so that finding it, which
 * happens several times a kernel call, costs nothing; only ids that came from another backend are
 * looked up.
 */
export class SlotTable extends DataStorage<Slot> {
  private readonly moved = new Map<DataId, Slot>();
  private count = 0;

  constructor(private readonly owner: KernelBackend) {
    super(owner, engine());
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
    if (dataId === slot) slot.table = this;
    else this.moved.set(dataId, slot);
    this.count++;
  }

  override has(dataId: DataId): boolean {
    return this.find(dataId) !== undefined;
  }

  override delete(dataId: DataId): boolean {
    if (isSlotOf(dataId, this)) dataId.table = null;
    else if (!this.moved.delete(dataId)) return false;
    this.count--;
    return true;
  }

  override numDataIds(): number {
    return this.count;
  }

  private find(dataId: DataId): Slot | undefined {
    return isSlotOf(dataId, this) ? dataId : this.moved.get(dataId);
  }
}

function isSlotOf(dataId: DataId, table: SlotTable): dataId is Slot {
  return dataId instanceof Slot && dataId.table === table;
}
