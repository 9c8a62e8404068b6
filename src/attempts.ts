import type { DataId, TensorInfo } from '@tensorflow/tfjs-core';

/** What came of an attempt. */
export type Attempted<T> = { result: T; error?: undefined } | { result: null; error: unknown };

/**
 * Calls of other backends' kernels that may fail half-way: what such a kernel made or referred to and
 * does not return, because it threw or forgot it, is given back.
 */
export class Attempts {
  /** The data ids that references were taken to during an attempt, less those given back. */
  private taken: DataId[] | null = null;

  /** @param giveBack gives one reference to a data id back */
  constructor(private readonly giveBack: (dataId: DataId) => void) {}

  /** Runs a kernel; attempts may be nested. */
  attempt<T extends TensorInfo | TensorInfo[]>(kernel: () => T): Attempted<T> {
    const outer = this.taken;
    const taken: DataId[] = [];
    this.taken = taken;
    let result: T | null = null;
    let error: unknown;
    try {
      result = kernel();
    } catch (thrown) {
      error = thrown;
    }
    const returned: readonly TensorInfo[] = Array.isArray(result) ? result : result ? [result] : [];
    for (const { dataId } of returned) this.count(dataId, -1);
    this.taken = null;
    for (const dataId of taken) this.giveBack(dataId);
    this.taken = outer;
    for (const { dataId } of returned) this.count(dataId, 1);
    return result ? { result } : { result, error };
  }

  /** A reference to a data id was taken, or given back. */
  count(dataId: DataId, references: 1 | -1): void {
    const { taken } = this;
    if (!taken) return;
    if (references === 1) taken.push(dataId);
    else {
      const last = taken.lastIndexOf(dataId);
      if (last >= 0) taken.splice(last, 1);
    }
  }
}
