import { engine, util } from '@tensorflow/tfjs-core';
import type {
  DataId,
  KernelBackend,
  KernelFunc,
  NamedTensorInfoMap,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import type { Storage } from './graph/storage.js';
import { mapTensors, tensorsOf } from './kernel-inputs.js';
import { prepare } from './prepared.js';
import type { Deferral, Given, Prepared, Seen } from './prepared.js';

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

/** A call of a kernel, to be made again. */
export interface RecordedCall {
  readonly kernelFunc: KernelFunc;
  /** What to do in place of the kernel; null where that may be something else in another run. */
  readonly prepared: Prepared | null;
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
  /** The numbers of what another run may defer otherwise: it rests on the value of a number. */
  private readonly unsettled = new Set<number>();

  /** @param storageOf where the values of a tensor are, or will be; null where there is no such place */
  constructor(
    private readonly backend: KernelBackend,
    private readonly storageOf: (dataId: DataId) => Storage | null,
    inputs: readonly TensorInfo[],
  ) {
    for (const { dataId } of inputs) this.number(dataId);
  }

  private number(dataId: DataId): void {
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
    const given = tensorsOf(inputs).map((info) => this.given(info));
    if (given.every(({ source }) => source === undefined)) return;
    const operands: Operand[] = [];
    const copies = mapTensors(inputs, ({ dataId, shape, dtype }) => {
      // Some kernels ask for what tensors have besides.
      const info = { dataId, shape, dtype, rank: shape.length, size: util.sizeFromShape(shape) };
      const source = this.numberOf(dataId);
      if (source === undefined) this.keep(dataId);
      else operands.push({ info, source });
      return info;
    });
    const isSettled = this.isSettled(given, seen);
    const call: RecordedCall = {
      kernelFunc,
      prepared:
        isSettled && made.length === 1
          ? prepare(given, this.storageOf(made[0].dataId), seen)
          : null,
      inputs: copies,
      // The function may change its lists afterwards.
      attrs: structuredClone(attrs),
      operands,
      first: this.count,
      shapes: made.map(({ shape }) => shape),
      last: [],
    };
    this.calls.push(call);
    for (const { source } of operands) this.lastReaders.set(source, call);
    for (const { dataId } of made) {
      this.lastReaders.set(this.count, call);
      if (!isSettled) this.unsettled.add(this.count);
      this.number(dataId);
    }
  }

  private given(info: TensorInfo): Given {
    const { dataId } = info;
    return { info, storage: this.storageOf(dataId), source: this.numberOf(dataId) };
  }

  /**
   * Whether a call does the same in every run: neither it nor what made its inputs looked at a number that may be
   * another then.
   */
  private isSettled(given: readonly Given[], { numbers }: Seen): boolean {
    const constants = given.filter(({ source }) => source === undefined);
    return (
      given.every(({ source }) => source === undefined || !this.unsettled.has(source)) &&
      numbers.every((number) => constants.some(({ storage }) => storage === number))
    );
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
      // TensorFlow.js has never heard of what another captured function computed of its weights alone.
      const backend = engine().state.tensorInfo.get(dataId)?.backend ?? this.backend;
      // It counts data, and was told that somebody else still had these.
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
    this.unsettled.clear();
    this.lastReaders.clear();
  }
}

let current: Recording | null = null;

/** What the kernel did so far whose call is recorded. */
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
