import { engine, util } from '@tensorflow/tfjs-core';
import type {
  DataId,
  KernelBackend,
  KernelFunc,
  NamedTensorInfoMap,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { View } from './graph/view.js';
import type { Primitive } from './graph/node.js';
import type { Storage } from './graph/storage.js';
import { mapTensors, tensorsOf } from './kernel-inputs.js';

/** What a function does cannot be captured. */
export class CaptureError extends Error {
  constructor(what: string) {
    super(`capture: ${what}`);
    this.name = 'CaptureError';
  }
}

type Call = Parameters<KernelFunc>[0];

/** A tensor that a call reads. */
interface Operand {
  /** As the call finds it; its data is another's in every run. */
  readonly info: { dataId: DataId; readonly shape: number[]; readonly dtype: TensorInfo['dtype'] };
  /** The number of its data among those of a run. */
  readonly source: number;
}

/** Values that a kernel defers. */
export interface Deferral {
  readonly primitive: Primitive;
  readonly views: readonly View[];
  readonly shape: number[];
  readonly dtype: TensorInfo['dtype'];
  readonly nonNegative: boolean;
}

/** Data of a run in a shape, or what the same kernel deferred before. */
export type RecordedOperand =
  | { readonly source: number; readonly shape: number[] }
  | { readonly earlier: number; readonly shape: number[] };

/** What a kernel deferred: to be done again without looking at the call. */
export interface RecordedDeferral extends Omit<Deferral, 'views'> {
  /** What it reads: a view that is the same in every run, or what is not. */
  readonly operands: readonly (View | RecordedOperand)[];
}

/** A call of a kernel, to be made again. */
export interface RecordedCall {
  readonly kernelFunc: KernelFunc;
  /** All that the kernel does, the last for its one output; null where it does more, or something else for other values. */
  readonly deferrals: readonly RecordedDeferral[] | null;
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: Call['attrs'];
  /** Those of the inputs that are not the same in every run. */
  readonly operands: readonly Operand[];
  /** The number of its first output among the data of a run; the others follow. */
  readonly first: number;
  /** Of its outputs: later calls rely on them. */
  readonly shapes: readonly number[][];
  /** The numbers of what no later call reads. */
  readonly last: number[];
}

/**
 * The calls of kernels that a function makes, as far as they depend on its inputs; what does not is kept as it came
 * out. The data of a run are numbered: first its inputs', then those of all outputs of calls.
 */
export class Recording {
  readonly calls: RecordedCall[] = [];
  isDisposed = false;
  /** Weights, and what was computed of them alone; each has a reference. */
  private readonly constants = new Set<DataId>();
  private count = 0;
  private readonly numbers = new Map<DataId, number>();
  private readonly lastReaders = new Map<number, RecordedCall>();
  /** The same numbers, by where the values are. */
  private readonly places = new Map<Storage, number>();

  /** @param storageOf where the values of a tensor are, or will be; null where there is no such place */
  constructor(
    private readonly backend: KernelBackend,
    private readonly storageOf: (dataId: DataId) => Storage | null,
    inputs: readonly TensorInfo[],
  ) {
    for (const { dataId } of inputs) this.number(dataId);
  }

  private number(dataId: DataId): void {
    const storage = this.storageOf(dataId);
    if (storage) this.places.set(storage, this.count);
    this.numbers.set(dataId, this.count++);
  }

  /** The number of data; undefined if they do not depend on the inputs. */
  numberOf(dataId: DataId): number | undefined {
    return this.numbers.get(dataId);
  }

  /** Takes a reference to what is the same in every run. */
  keep(dataId: DataId): void {
    if (this.constants.has(dataId)) return;
    this.backend.incRef(dataId);
    this.constants.add(dataId);
  }

  /** Notes a call that was made, and what was seen meanwhile. */
  note(
    kernelFunc: KernelFunc,
    { inputs, attrs }: Call,
    made: readonly TensorInfo[],
    seen: Seen,
  ): void {
    if (tensorsOf(inputs).every(({ dataId }) => !this.numbers.has(dataId))) return;
    const operands: Operand[] = [];
    const copies = mapTensors(inputs, ({ dataId, shape, dtype }) => {
      // Some kernels ask for what tensors have besides.
      const info = { dataId, shape, dtype, rank: shape.length, size: util.sizeFromShape(shape) };
      const source = this.numberOf(dataId);
      if (source === undefined) this.keep(dataId);
      else operands.push({ info, source });
      return info;
    });
    const outputs = { first: this.count, shapes: made.map(({ shape }) => shape), last: [] };
    const deferrals = this.deferralsOf(inputs, made, seen);
    const call: RecordedCall = {
      kernelFunc,
      deferrals,
      inputs: copies,
      attrs,
      operands,
      ...outputs,
    };
    this.calls.push(call);
    for (const { source } of operands) this.lastReaders.set(source, call);
    for (const { dataId } of made) {
      this.lastReaders.set(this.count, call);
      this.number(dataId);
    }
  }

  /** What a call deferred, if that was all, and depends on nothing that may be otherwise in another run. */
  private deferralsOf(
    inputs: NamedTensorInfoMap,
    made: readonly TensorInfo[],
    { deferrals, numbers }: Seen,
  ): RecordedDeferral[] | null {
    if (made.length !== 1) return null;
    if (this.storageOf(made[0].dataId) !== deferrals.at(-1)?.storage) return null;
    const given = new Set(tensorsOf(inputs).map(({ dataId }) => this.storageOf(dataId)));
    const isConstant = (storage: Storage): boolean =>
      given.has(storage) && !this.places.has(storage);
    if (!numbers.every(isConstant)) return null;
    const earlier = new Map<Storage, number>();
    const recorded: RecordedDeferral[] = [];
    for (const { deferral, storage } of deferrals) {
      const { views, ...rest } = deferral;
      const operands = views.map((view) => this.operandOf(view, earlier, isConstant));
      if (!operands.every((operand) => operand !== null)) return null;
      recorded.push({ ...rest, operands });
      earlier.set(storage, earlier.size);
    }
    return recorded;
  }

  /** An operand of a deferral; null for values that another run may have elsewhere. */
  private operandOf(
    view: View,
    earlier: ReadonlyMap<Storage, number>,
    isConstant: (storage: Storage) => boolean,
  ): View | RecordedOperand | null {
    const { storage, shape } = view;
    const source = this.places.get(storage);
    if (source !== undefined) return { source, shape };
    const place = earlier.get(storage);
    if (place !== undefined) return { earlier: place, shape };
    return isConstant(storage) ? view : null;
  }

  /** The numbers of what is alive, and not an input, after so many calls. */
  aliveAfter(calls: number): Set<number> {
    const alive = new Set<number>();
    for (const { first, shapes, last } of this.calls.slice(0, calls)) {
      for (let index = 0; index < shapes.length; index++) alive.add(first + index);
      for (const number of last) alive.delete(number);
    }
    return alive;
  }

  /** Gives back what is the same in every run; there can be no run any more. */
  dispose(): void {
    this.isDisposed = true;
    for (const dataId of this.constants) {
      // They may have moved to another backend meanwhile.
      const { backend } = engine().state.tensorInfo.get(dataId)!;
      // TensorFlow.js counts data, and was told that somebody else still had these.
      if (backend.disposeData(dataId)) engine().removeDataId(dataId, backend);
    }
    this.constants.clear();
  }

  /** Ends the recording: of `inputs` inputs, with these outputs, which are kept to the end of a run. */
  end(inputs: number, outputs: ReadonlySet<number>): void {
    for (const [number, call] of this.lastReaders) {
      if (number >= inputs && !outputs.has(number)) call.last.push(number);
    }
    // Nobody asks any more; they would hold on to all data ids of the first run.
    this.numbers.clear();
    this.places.clear();
    this.lastReaders.clear();
  }
}

let current: Recording | null = null;

/** What a kernel whose call is recorded did: what it deferred, and whose value it looked at. */
interface Seen {
  readonly deferrals: { deferral: Deferral; storage: Storage }[];
  readonly numbers: Storage[];
}

let seen: Seen | null = null;

/** A kernel deferred values. */
export function noteDeferral(deferral: Deferral, storage: Storage): void {
  seen?.deferrals.push({ deferral, storage });
}

/** A kernel looked at the number in memory at `storage`: what it does depends on it. */
export function noteNumber(storage: Storage): void {
  seen?.numbers.push(storage);
}

/** Whether calls of kernels are recorded. */
export function isRecording(): boolean {
  return current !== null || seen !== null;
}

/** Records the calls that `f` makes. */
export function record<T>(recording: Recording, f: () => T): T {
  const outer = current;
  current = recording;
  try {
    return f();
  } finally {
    current = outer;
  }
}

/** A kernel whose calls are recorded where somebody asked for that; not those that it makes itself. */
export function recordable(kernelFunc: KernelFunc): KernelFunc {
  const recorded: KernelFunc = (call) => {
    if (current === null) return kernelFunc(call);
    const recording = current;
    const meanwhile: Seen = { deferrals: [], numbers: [] };
    current = null;
    seen = meanwhile;
    try {
      const result = kernelFunc(call);
      // Itself, for what is captured may be part of what another recording captures.
      recording.note(recorded, call, Array.isArray(result) ? result : [result], meanwhile);
      return result;
    } finally {
      current = recording;
      seen = null;
    }
  };
  return recorded;
}

/** @throws CaptureError if values are asked for that a recording has to do without */
export function requireReadable(dataId: DataId): void {
  if (current?.numberOf(dataId) === undefined) return;
  throw new CaptureError(
    'the function reads values that depend on its inputs, so what it does may differ from run to run',
  );
}
