import { Tensor, engine, findBackend, tidy, util } from '@tensorflow/tfjs-core';
import type { DataId, NamedTensorMap, TensorInfo } from '@tensorflow/tfjs-core';
import { DynconvBackend } from './backend.js';
import { CaptureError, Recording, record } from './recording.js';

/** What a function that is captured returns. */
export type CapturedOutput = Tensor | Tensor[] | NamedTensorMap;

/** A function whose kernels are called again, without what lies between them. */
export interface Captured<I extends readonly Tensor[], O extends CapturedOutput> {
  /**
   * @throws CaptureError for inputs of other shapes or types than those that it was captured for, where a kernel's
   * output has another shape than then, and after `dispose`
   */
  (...inputs: I): O;
  /** Gives back the weights that it holds. */
  dispose(): void;
}

/**
 * Captures the kernels that `f` calls for inputs of these shapes; what it returns calls them again. All that
 * TensorFlow.js does for each operation of a model (reading the node, checking and tracking tensors) is
 * left out, which is most of the time that small operations take. Results are the same, to the bit where `f` computes
 * nothing of weights alone: that is done once, and may round otherwise once it is in memory.
 *
 *     const predict = capture((x) => model.predict(x), example);
 *     const y = predict(x);
 *
 * Shapes and types are fixed, and so are weights, which it holds until it is disposed of. What `f` does beside calling
 * kernels it does once: random numbers, say, are the same in every run. There are no gradients, and what needs
 * `executeAsync` cannot be captured.
 *
 * @param f what to capture; it runs once, and its result is disposed
 * @param examples its inputs, whose values do not matter
 * @throws CaptureError when the current backend is not dynconv, two examples share their values, and when `f` is
 * asynchronous, reads values that depend on its inputs, or returns something other than tensors
 */
export function capture<I extends readonly Tensor[], O extends CapturedOutput>(
  f: (...inputs: I) => O,
  ...examples: I
): Captured<I, O> {
  const { backend, backendName } = engine();
  if (!(backend instanceof DynconvBackend)) {
    throw new CaptureError(`the backend is '${backendName}'; set 'dynconv' first`);
  }
  if (new Set(examples.map(({ dataId }) => dataId)).size < examples.length) {
    throw new CaptureError('two examples share their values: give each input values of its own');
  }
  const recording = new Recording(backend, examples);
  let replay: Replay | null = null;
  try {
    // Nothing is returned, so that all that `f` makes is disposed of.
    tidy(() => {
      const outcome = record(recording, () => f(...examples));
      replay = new Replay(backend, recording, examples, outcome);
    });
  } catch (error) {
    recording.dispose();
    throw error;
  }
  return Object.assign((...inputs: I) => replay!.run(inputs) as O, {
    dispose() {
      recording.dispose();
    },
  });
}

/** The tensors of an output, in order. */
function tensorsIn(outcome: CapturedOutput): Tensor[] {
  if (outcome instanceof Tensor) return [outcome];
  const tensors = typeof outcome === 'object' ? Object.values(outcome) : [];
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

/** Calls the kernels of a recording again. */
class Replay {
  private readonly inputs: readonly Pick<TensorInfo, 'shape' | 'dtype'>[];
  private readonly outputs: readonly Output[];
  private readonly assemble: (tensors: Tensor[]) => CapturedOutput;

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
    const { backend } = this;
    const data: DataId[] = inputs.map(({ dataId }) => dataId);
    let done = 0;
    try {
      for (const call of this.recording.calls) {
        for (const { info, source } of call.operands) info.dataId = data[source];
        const result = call.kernelFunc({ inputs: call.inputs, attrs: call.attrs, backend });
        const outputs = Array.isArray(result) ? result : [result];
        for (let index = 0; index < outputs.length; index++) {
          data[call.first + index] = outputs[index].dataId;
        }
        for (const number of call.last) backend.disposeData(data[number]);
        done++;
        requireShapes(outputs, call.shapes);
      }
    } catch (error) {
      for (const number of this.recording.aliveAfter(done)) backend.disposeData(data[number]);
      throw error;
    }
    return this.assemble(this.outputs.map((output) => this.tensorOf(output, data)));
  }

  private tensorOf({ shape, dtype, source, takesOver }: Output, data: readonly DataId[]): Tensor {
    const dataId = typeof source === 'number' ? data[source] : source;
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
  for (let index = 0; index < captured.length; index++) {
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
