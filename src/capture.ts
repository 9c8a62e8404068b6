import { Tensor, complex, engine, imag, real, tensor, tidy } from '@tensorflow/tfjs-core';
import type { DataId } from '@tensorflow/tfjs-core';
import { DynconvBackend } from './backend.js';
import type { Storage } from './graph/storage.js';
import { CaptureError, Recording, isRecording, record } from './recording.js';
import { Replay, requireTensor } from './replay.js';
import type { CapturedOutput } from './replay.js';

export type { CapturedOutput } from './replay.js';

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
 * `executeAsync` cannot be captured. A captured function may be called by one that is captured later, but not be
 * captured meanwhile.
 *
 * @param f what to capture; it runs once, and its result is disposed
 * @param examples its inputs, whose values do not matter: `f` gets copies of them, so that one may share its values
 * with another, or with what `f` has besides as a weight
 * @throws CaptureError when the current backend is not dynconv, while another function is captured, and when `f` is
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
  if (isRecording()) {
    throw new CaptureError(
      'another function is being captured: capture this one first, and call it there',
    );
  }
  const storageOf = (dataId: DataId): Storage | null => backend.slot(dataId).storage;
  let replay: Replay | null = null;
  // Nothing is returned, so that all that `f` makes is disposed of.
  tidy(() => {
    const inputs = examples.map((example, index) => {
      requireTensor(example, index);
      return copyOf(example);
    });
    const recording = new Recording(backend, storageOf, inputs);
    try {
      const outcome = record(recording, () => f(...(inputs as readonly Tensor[] as I)));
      replay = new Replay(backend, recording, inputs, outcome);
    } catch (error) {
      recording.dispose();
      throw error;
    }
  });
  return Object.assign((...inputs: I) => replay!.run(inputs) as O, {
    dispose() {
      replay!.dispose();
    },
  });
}

/** The same values, as data of their own. */
function copyOf(x: Tensor): Tensor {
  if (x.dtype === 'complex64') return tidy(() => complex(real(x), imag(x)));
  return tensor(x.dataSync(), x.shape, x.dtype);
}
