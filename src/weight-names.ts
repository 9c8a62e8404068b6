import type { DataId } from '@tensorflow/tfjs-core';

/** A tensor, or a variable of a layers model, which has one. */
interface Named {
  readonly dataId: DataId;
}

/** A graph model (its weights by name) or a layers model (a list of variables). */
export interface WeightedModel {
  readonly weights:
    | Readonly<Record<string, readonly Named[]>>
    | readonly { readonly originalName: string; read(): Named }[];
}

const names = new WeakMap<DataId, string>();

/**
 * Makes a model's layers known by the names of their filters, so that entries of an unrolling table
 * may name them.
 */
export function nameLayers({ weights }: WeightedModel): void {
  if (Array.isArray(weights)) {
    for (const weight of weights as readonly { originalName: string; read(): Named }[]) {
      names.set(weight.read().dataId, weight.originalName);
    }
    return;
  }
  for (const [name, tensors] of Object.entries(weights as Record<string, readonly Named[]>)) {
    for (const { dataId } of tensors) names.set(dataId, name);
  }
}

/** The name of a weight of a model that `nameLayers` was called with. */
export function weightName(weight: Named | undefined): string | undefined {
  return weight && names.get(weight.dataId);
}
