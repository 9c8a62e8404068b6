import type { TensorInfo } from '@tensorflow/tfjs-core';
import { openNodeOf } from './graph/node.js';
import type { Primitive } from './graph/node.js';
import type { Storage } from './graph/storage.js';
import { View } from './graph/view.js';

/*
 * What a kernel deferred when its call was recorded, prepared to be deferred again without the kernel.
 */

/** Values that a kernel defers. */
export interface Deferral {
  readonly primitive: Primitive;
  readonly views: readonly View[];
  readonly shape: number[];
  readonly dtype: TensorInfo['dtype'];
  readonly nonNegative: boolean;
}

/** What defers: the backend. */
interface Deferrer {
  /** What is deferred reads a tensor so. */
  view(tensor: TensorInfo): View;
  deferValues(deferral: Deferral): Storage;
}

/** What a kernel did: what it deferred, and whose value it looked at. */
export interface Seen {
  readonly deferrals: { deferral: Deferral; storage: Storage }[];
  readonly numbers: Storage[];
}

/** An input of a call. */
export interface Given {
  readonly info: TensorInfo;
  readonly storage: Storage | null;
  /** The number of its data among those of a run; undefined for a constant. */
  readonly source: number | undefined;
}

/** Where the values of a run's data are, or will be, by their numbers. */
type Values = readonly (Storage | null)[];

/** What an operation reads that made an input, in place of that input: a convolution, what was padded. */
interface Behind {
  readonly behind: number;
  /** The operation: it alone is looked behind. */
  readonly primitive: Primitive;
  readonly index: number;
  readonly shape: number[];
}

/** A constant, data of a run, what lies behind them, or what the same kernel deferred before. */
type Operand =
  | TensorInfo
  | { readonly source: number; readonly shape: number[] }
  | Behind
  | { readonly earlier: number; readonly shape: number[] };

interface PreparedDeferral extends Omit<Deferral, 'views'> {
  readonly operands: readonly Operand[];
}

/** All that a kernel does, for its one output. */
export interface Prepared {
  /** The last is the output's. */
  readonly deferrals: readonly PreparedDeferral[];
  readonly behind: readonly Behind[];
}

/** Prepares what a call did to make `output`; null where it did more, or read what another run may have elsewhere. */
export function prepare(
  given: readonly Given[],
  output: Storage | null,
  { deferrals }: Seen,
): Prepared | null {
  if (deferrals.length === 0 || deferrals[deferrals.length - 1].storage !== output) return null;
  const earlier = new Map<Storage, number>();
  const prepared: PreparedDeferral[] = [];
  for (const { deferral, storage } of deferrals) {
    const { views, ...rest } = deferral;
    const operands = views.map((view) => operandOf(view, given, earlier));
    if (!operands.every((operand) => operand !== null)) return null;
    prepared.push({ ...rest, operands });
    earlier.set(storage, earlier.size);
  }
  const all = prepared.flatMap(({ operands }) => operands);
  return { deferrals: prepared, behind: all.filter((operand) => 'behind' in operand) };
}

function operandOf(
  { storage, shape, dtype }: View,
  given: readonly Given[],
  earlier: ReadonlyMap<Storage, number>,
): Operand | null {
  const place = earlier.get(storage);
  if (place !== undefined) return { earlier: place, shape };
  const input = given.find((each) => each.storage === storage);
  // What was deferred before in the same call may have had computed what lies behind.
  if (!input) return earlier.size === 0 ? behind(storage, shape, given) : null;
  return input.source === undefined
    ? { dataId: input.info.dataId, shape, dtype }
    : { source: input.source, shape };
}

function behind(storage: Storage, shape: number[], given: readonly Given[]): Behind | null {
  for (const input of given) {
    const node = input.storage && openNodeOf(input.storage);
    if (!node || input.source === undefined) continue;
    const index = node.inputs.findIndex((view) => view.storage === storage);
    if (index >= 0) return { behind: input.source, primitive: node.primitive, index, shape };
  }
  return null;
}

/**
 * Whether a run can do what was prepared: what it looks behind is to be computed by the same operation, as it was
 * when the call was recorded. It may be computed by now, and one that its kernel made anew may look at another number.
 */
export function canDefer({ behind }: Prepared, values: Values): boolean {
  for (const operand of behind) {
    if (openNodeOf(values[operand.behind]!)?.primitive !== operand.primitive) return false;
  }
  return true;
}

/** Defers it for the data of a run, which have these values. */
export function deferAgain({ deferrals }: Prepared, values: Values, backend: Deferrer): Storage {
  const made: Storage[] = [];
  try {
    for (const { operands, primitive, shape, dtype, nonNegative } of deferrals) {
      const views: View[] = [];
      for (const operand of operands) views.push(viewOf(operand, values, made, backend));
      made.push(backend.deferValues({ primitive, views, shape, dtype, nonNegative }));
    }
  } finally {
    // Only the last is read by other calls.
    const isWhole = made.length === deferrals.length;
    for (let at = 0; at < made.length - Number(isWhole); at++) made[at].releaseId();
  }
  return made[made.length - 1];
}

function viewOf(
  operand: Operand,
  values: Values,
  made: readonly Storage[],
  backend: Deferrer,
): View {
  if ('source' in operand) return new View(values[operand.source]!, operand.shape);
  // A constant may have been on another backend meanwhile.
  if ('dataId' in operand) return backend.view(operand);
  if ('earlier' in operand) return new View(made[operand.earlier], operand.shape);
  const { inputs } = openNodeOf(values[operand.behind]!)!;
  return new View(inputs[operand.index].storage, operand.shape);
}
