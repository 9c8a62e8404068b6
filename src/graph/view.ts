import type { DataType } from '@tensorflow/tfjs-core';
import type { Storage } from './storage.js';

/** A storage as one reader sees it: a reshape changes the shape and keeps the values. */
export class View {
  /** Values of one pixel: the last dimension. */
  readonly channels: number;
  /** All dimensions but the last. */
  readonly pixels: number;

  constructor(
    readonly storage: Storage,
    readonly shape: number[],
  ) {
    this.channels = channelsOf(this);
    let pixels = 1;
    for (let axis = 0; axis < shape.length - 1; axis++) pixels *= shape[axis];
    this.pixels = pixels;
  }

  get dtype(): DataType {
    return this.storage.dtype;
  }

  get isDeferred(): boolean {
    return this.storage.node !== null;
  }

  /** No value is negative, as far as the operation that made it tells. */
  get nonNegative(): boolean {
    return this.storage.nonNegative;
  }

  /** It may be meant as a mask; of values in memory nobody knows. */
  get mayMask(): boolean {
    return this.storage.node?.mayMask ?? true;
  }

  /** The most layers in a chain of deferred nodes behind the values; 0 when they are in memory. */
  get layers(): number {
    return this.storage.node?.layers ?? 0;
  }

  /** The longest chain of deferred nodes behind the values; 0 when they are in memory. */
  get depth(): number {
    return this.storage.node?.depth ?? 0;
  }

  /** How far the windows behind the values reach, one after the other; 0 when they are in memory. */
  get reach(): number {
    return this.storage.node?.reach ?? 0;
  }
}

/** Values of one pixel of a storage or a node's output: its last dimension. */
export function channelsOf({ shape }: { shape: number[] }): number {
  return shape[shape.length - 1] ?? 1;
}
