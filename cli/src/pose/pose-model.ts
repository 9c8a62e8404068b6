import * as tf from '@tensorflow/tfjs-core';
import { capture, type Captured } from 'tfjs-backend-dynconv';
import type { ModelFolder } from '../model-folder.js';
import { loadNetwork, type Network } from '../network.js';
import { messageOf, UserError } from '../user-error.js';
import { isReadable, READABLE, readPrediction, type Prediction } from './prediction.js';

/** The sides of a picture that a network may take, and how much longer one may be than the other. */
const LEAST_SIDE = 16;
const LONGEST_SIDE = 2048;
const LARGEST_ASPECT = 4;

/** A picture as a network takes it: row-major [height, width, 3]. */
export type PoseInput = Float32Array | Int32Array;

/** The last of a network's outputs, row-major. */
export interface PoseOutput {
  shape: number[];
  values: Float32Array;
}

/** A network from a picture to a pose, its weights on the backend that was current at loading. */
export interface PoseModel {
  /** Input height and width in pixels. */
  height: number;
  width: number;
  /**
   * What the network takes for a picture.
   *
   * @param picture float32 [height, width, 3]; rounded for a model that takes whole numbers.
   */
  inputOf(picture: Float32Array): PoseInput;
  /**
   * Runs on the current backend, and reads no pose: what a backend's time is.
   *
   * @throws UserError when the model cannot be run.
   * @throws WebAssembly.RuntimeError when the backend breaks down, which is no fault of the model.
   */
  run(input: PoseInput): Promise<PoseOutput>;
  /**
   * The same on `dynconv`, by the kernels that a first run captures.
   *
   * @throws UserError, too, when the model cannot be captured.
   */
  runCaptured(input: PoseInput): Promise<PoseOutput>;
  /**
   * Runs on the current backend, and reads the pose.
   *
   * @throws UserError, too, when what comes out is no pose.
   */
  predict(picture: Float32Array): Promise<Prediction>;
  /** The name of the weight behind a data id (see `LayerProfile.filter`). */
  weightName: (dataId: object) => string | undefined;
  dispose(): void;
}

/**
 * Makes a model of a folder's content on the current backend.
 *
 * @throws UserError when the model cannot be built, or does not take one picture.
 */
export async function loadPoseModel(folder: ModelFolder): Promise<PoseModel> {
  const network = await loadNetwork(folder);
  const [height, width] = inputSize(network.inputs, folder.path);
  const isInteger = network.inputs[0].dtype === 'int32';
  const names = new Map<object, string>();
  for (const [name, dataId] of network.weights) names.set(dataId, name);
  const infer = (input: tf.Tensor4D): tf.Tensor =>
    tf.tidy(() => lastOutput(network.run([input]), folder.path));
  let captured: Captured<[tf.Tensor4D], tf.Tensor> | null = null;
  const run = async (
    values: PoseInput,
    by: (input: tf.Tensor4D) => tf.Tensor,
  ): Promise<PoseOutput> => {
    const input = tf.tensor4d(values, [1, height, width, 3], isInteger ? 'int32' : 'float32');
    try {
      return await outputOf(by, input);
    } catch (error) {
      if (error instanceof UserError || error instanceof WebAssembly.RuntimeError) throw error;
      throw new UserError(`The model in ${folder.path} cannot be run: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      input.dispose();
    }
  };
  const inputOf = (picture: Float32Array): PoseInput =>
    isInteger ? Int32Array.from(picture, Math.round) : picture;
  return {
    height,
    width,
    inputOf,
    run: (input) => run(input, infer),
    runCaptured: (input) =>
      run(input, (tensor) => {
        captured ??= capture(infer, tensor);
        return captured(tensor);
      }),
    async predict(picture) {
      const { shape, values } = await run(inputOf(picture), infer);
      return readPrediction(shape, values, height, width);
    },
    weightName: (dataId) => names.get(dataId),
    dispose: () => {
      captured?.dispose();
      network.dispose();
    },
  };
}

function inputSize(inputs: Network['inputs'], path: string): [height: number, width: number] {
  const shapes = inputs.map(({ shape }) => `[${shape?.map((d) => d ?? '?').join(', ') ?? '?'}]`);
  const refuse = (why: string): UserError =>
    new UserError(`The model in ${path} takes ${shapes.join(', ')}: ${why}`);
  const shape = inputs[0]?.shape;
  if (inputs.length !== 1 || shape?.length !== 4) {
    throw refuse('a pose network takes one picture, [1, height, width, 3].');
  }
  const [batch, height, width, channels] = shape;
  if (batch !== null && batch > 1) throw refuse('a batch of one picture is needed.');
  if (channels !== 3) throw refuse('3 channels (red, green, blue) are needed.');
  if (!height || !width || height < 0 || width < 0) {
    throw refuse('height and width must be fixed: convert it again with an input signature.');
  }
  const [short, long] = [Math.min(height, width), Math.max(height, width)];
  if (short < LEAST_SIDE || long > LONGEST_SIDE || long > LARGEST_ASPECT * short) {
    throw refuse(
      `the sides of its picture must have ${LEAST_SIDE} to ${LONGEST_SIDE} pixels, and one at most ` +
        `${LARGEST_ASPECT} times as many as the other.`,
    );
  }
  return [height, width];
}

/** What fails may do so when the values are read: until then, the backend may put off computing them. */
async function outputOf(
  run: (input: tf.Tensor4D) => tf.Tensor,
  input: tf.Tensor4D,
): Promise<PoseOutput> {
  const output = run(input);
  try {
    return { shape: output.shape, values: await output.data<'float32'>() };
  } finally {
    output.dispose();
  }
}

/** Stacked networks give the heatmaps of every stack; the last are the best. */
function lastOutput(outputs: readonly tf.Tensor[], path: string): tf.Tensor {
  const last = outputs.at(-1);
  if (last?.dtype !== 'float32' || !isReadable(last.shape)) {
    throw new UserError(
      `The model in ${path} gives ${last ? `${last.dtype} [${last.shape.join(', ')}]` : 'nothing'}: ` +
        `${READABLE}.`,
    );
  }
  return last;
}
