import { Tensor, engine, findBackend, util } from '@tensorflow/tfjs-core';
import type { DataId, NamedTensorMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from './backend.js';
import type { Storage } from './graph/storage.js';
import { canDefer, deferAgain } from './prepared.js';
import { isProfiling } from './profiler.js';
import { CaptureError, isRecording } from './recording.js';
import type { RecordedCall, Recording } from './recording.js';

/** What a function that is captured returns. */
export type CapturedOutput = Tensor | Tensor[] | NamedTensorMap;

/** The tensors of an output, in order. */
function tensorsIn(outcome: CapturedOutput | null): Tensor[] {
  if (outcome instanceof Tensor) return [outcome];
  const tensors = Object.values(outcome ?? {}) as Tensor[];
  if (tensors.length > 0 && tensors.every((tensor) => tensor instanceof Tensor)) return tensors;
  throw new CaptureError(
    'the function has to return a tensor, a list of tensors or an object of tensors, at once',
  );
}

/** A tensor of the output. */
interface Output {
  readonly shape: number[];
  readonly dtype: TensorInfo['dtype'];
  /** Its number among the data of a run, or the data themselves, if they are the same in every run. */
  readonly source: number | DataId;
  /** It takes over the reference that the run has to its data. */
  readonly takesOver: boolean;
}

/** The data of a run, by their numbers. */
interface Run {
  /** Absent for what only deferred operations read so far. */
  readonly data: (DataId | undefined)[];
  /** Where their values are, or will be. */
  readonly values: (Storage | null)[];
}

/** @throws CaptureError */
export function requireTensor(input: unknown, index: number): void {
  if (input instanceof Tensor) return;
  throw new CaptureError(`input ${index} is no tensor: give numbers as tf.scalar(number)`);
}

/** Nothing is known of values but that they are in memory. */
function isPlain(values: Storage | null): boolean {
  return values?.node === null && !values.nonNegative;
}

/** Calls the kernels of a recording again, or defers at once what they would defer. */
export class Replay {
  private readonly inputs: readonly Pick<TensorInfo, 'shape' | 'dtype'>[];
  private readonly outputs: readonly Output[];
  private readonly assemble: (tensors: Tensor[]) => CapturedOutput;
  /** What kernels deferred can be deferred without them: no profile asked for layers. */
  private readonly isPrepared = !isProfiling();

  constructor(
    private readonly backend: DynconvBackend,
    private readonly recording: Recording,
    examples: readonly Tensor[],
    outcome: CapturedOutput,
  ) {
    this.inputs = examples.map(({ shape, dtype }) => ({ shape, dtype }));
    const taken = new Set<number>();
    this.outputs = tensorsIn(outcome).map(({ dataId, shape, dtype }): Output => {
      const number = recording.numberOf(dataId);
      if (number === undefined) recording.keep(dataId);
      const takesOver = number !== undefined && number >= examples.length && !taken.has(number);
      if (takesOver) taken.add(number);
      return { shape, dtype, source: number ?? dataId, takesOver };
    });
    recording.end(examples.length, taken);
    this.assemble = assemblerOf(outcome);
  }

  run(inputs: readonly Tensor[]): CapturedOutput {
    this.check(inputs);
    const { backend, recording } = this;
    const values = inputs.map(({ dataId }) => backend.slot(dataId).storage);
    const run: Run = { data: inputs.map(({ dataId }) => dataId), values };
    const isPrepared = this.isPrepared && !isProfiling() && !isRecording() && values.every(isPlain);
    let done = 0;
    try {
      for (const call of recording.calls) {
        const { prepared, first, last, shapes } = call;
        let outputs: TensorInfo[] = [];
        if (isPrepared && prepared && canDefer(prepared, values)) {
          values[first] = deferAgain(prepared, values, backend);
        } else outputs = this.call(call, run);
        for (const number of last) this.release(number, run);
        done++;
        requireShapes(outputs, shapes);
      }
    } catch (error) {
      for (const number of recording.aliveAfter(done)) this.release(number, run);
      throw error;
    }
    return this.assemble(this.outputs.map((output) => this.tensorOf(output, run)));
  }

  /** Gives back the weights. */
  dispose(): void {
    this.recording.dispose();
  }

  private call(
    { kernelFunc, inputs, attrs, operands, first }: RecordedCall,
    run: Run,
  ): TensorInfo[] {
    const { backend } = this;
    const { data, values } = run;
    for (const { info, source } of operands) info.dataId = this.idOf(source, run);
    const result = kernelFunc({ inputs, attrs, backend });
    const outputs = Array.isArray(result) ? result : [result];
    for (let index = 0; index < outputs.length; index++) {
      const { dataId } = outputs[index];
      data[first + index] = dataId;
      values[first + index] = backend.slot(dataId).storage;
    }
    return outputs;
  }

  private idOf(number: number, { data, values }: Run): DataId {
    return (data[number] ??= this.backend.tensorOf(values[number]!).dataId);
  }

  private release(number: number, { data, values }: Run): void {
    const dataId = data[number];
    if (dataId) this.backend.disposeData(dataId);
    else values[number]?.releaseId();
  }

  private tensorOf({ shape, dtype, source, takesOver }: Output, run: Run): Tensor {
    const dataId = typeof source === 'number' ? this.idOf(source, run) : source;
    if (!takesOver) this.backend.incRef(dataId);
    return engine().makeTensorFromTensorInfo({ dataId, shape, dtype }, this.backend);
  }

  private check(inputs: readonly Tensor[]): void {
    if (this.recording.isDisposed) throw new CaptureError('it has been disposed of');
    if (findBackend(engine().backendName) !== this.backend) {
      throw new CaptureError('the backend that it was captured on is not the current one');
    }
    if (inputs.length !== this.inputs.length) {
      throw new CaptureError(`${inputs.length} inputs were given, of ${this.inputs.length}`);
    }
    this.inputs.forEach(({ shape, dtype }, index) => {
      const input = inputs[index];
      requireTensor(input, index);
      if (input.dtype === dtype && util.arraysEqual(input.shape, shape)) return;
      throw new CaptureError(
        `input ${index} is ${input.dtype} [${input.shape.join(', ')}], but was ${dtype} ` +
          `[${shape.join(', ')}]: capture the function again for other inputs`,
      );
    });
  }
}

/** @throws CaptureError if outputs have other shapes than when their kernel was captured */
function requireShapes(outputs: readonly TensorInfo[], captured: readonly number[][]): void {
  for (let index = 0; index < outputs.length; index++) {
    const { shape } = outputs[index];
    if (util.arraysEqual(shape, captured[index])) continue;
    throw new CaptureError(
      `a kernel gave [${shape.join(', ')}] where it had given [${captured[index].join(', ')}]: ` +
        `what it gives depends on values, so the function cannot be captured`,
    );
  }
}

/** Makes of tensors what the function returned. */
function assemblerOf(outcome: CapturedOutput): (tensors: Tensor[]) => CapturedOutput {
  if (outcome instanceof Tensor) return ([tensor]) => tensor;
  if (Array.isArray(outcome)) return (tensors) => tensors;
  const names = Object.keys(outcome);
  return (tensors) => Object.fromEntries(names.map((name, index) => [name, tensors[index]]));
}
