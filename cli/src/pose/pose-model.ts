import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import type { ModelFolder } from '../model-folder.js';
import { messageOf, UserError } from '../user-error.js';

/** A network from a picture to heatmaps, its weights on the backend that was current at loading. */
export interface PoseModel {
  /** Input height and width in pixels. */
  height: number;
  width: number;
  /**
   * float32 [1, height, width, 3] to heatmaps, float32 [1, h, w, joints]; the caller disposes.
   *
   * @throws UserError when the model cannot be run, or what comes out is no heatmaps.
   */
  predict(input: tf.Tensor4D): tf.Tensor4D;
  /** The name of the weight behind a data id (see `LayerProfile.filter`). */
  weightName: (dataId: object) => string | undefined;
  dispose(): void;
}

/** What graph models and layers models have in common here. */
interface Network {
  inputs: readonly { shape?: readonly (number | null)[] }[];
  run(input: tf.Tensor4D): tf.Tensor | tf.Tensor[] | tf.NamedTensorMap;
  weights: Iterable<readonly [name: string, dataId: object]>;
  dispose(): void;
}

/**
 * Makes a model of a folder's content on the current backend.
 *
 * @throws UserError when the model cannot be built, or does not take one picture.
 */
export async function loadPoseModel(folder: ModelFolder): Promise<PoseModel> {
  const load = folder.format === 'graph-model' ? loadGraph : loadLayers;
  const network = await load(folder).catch((error: unknown) => {
    throw new UserError(`The model in ${folder.path} cannot be built: ${messageOf(error)}`);
  });
  const [height, width] = inputSize(network.inputs, folder.path);
  const names = new Map<object, string>();
  for (const [name, dataId] of network.weights) names.set(dataId, name);
  return {
    height,
    width,
    predict: (input) => tf.tidy(() => lastHeatmaps(tryToRun(network, input, folder), folder.path)),
    weightName: (dataId) => names.get(dataId),
    dispose: () => {
      network.dispose();
    },
  };
}

async function loadGraph({ artifacts }: ModelFolder): Promise<Network> {
  const model = await loadGraphModel({ load: () => Promise.resolve(artifacts) });
  return {
    inputs: model.inputs,
    run: (input) => model.predict(input),
    weights: Object.entries(model.weights).flatMap(([name, tensors]) =>
      tensors.map((tensor) => [name, tensor.dataId] as const),
    ),
    dispose: () => {
      model.dispose();
    },
  };
}

async function loadLayers({ artifacts }: ModelFolder): Promise<Network> {
  const model = await loadLayersModel({ load: () => Promise.resolve(artifacts) });
  return {
    inputs: model.inputs,
    run: (input) => model.predict(input),
    weights: model.weights.map((weight) => [weight.originalName, weight.read().dataId] as const),
    dispose: () => {
      model.dispose();
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
  return [height, width];
}

/** A model may hold operations that TensorFlow.js does not know, or control flow. */
function tryToRun(
  network: Network,
  input: tf.Tensor4D,
  folder: ModelFolder,
): ReturnType<Network['run']> {
  try {
    return network.run(input);
  } catch (error) {
    throw new UserError(`The model in ${folder.path} cannot be run: ${messageOf(error)}`);
  }
}

/** Stacked networks give the heatmaps of every stack; the last are the best. */
function lastHeatmaps(output: ReturnType<Network['run']>, path: string): tf.Tensor4D {
  const outputs =
    output instanceof tf.Tensor ? [output] : Array.isArray(output) ? output : Object.values(output);
  const last = outputs.at(-1);
  const [batch, height, width] = last?.shape ?? [];
  if (last?.rank !== 4 || last.dtype !== 'float32' || batch !== 1 || height < 2 || width < 2) {
    throw new UserError(
      `The model in ${path} gives ${last ? `${last.dtype} [${last.shape.join(', ')}]` : 'nothing'}: ` +
        `no heatmaps, which are float32 [1, height, width, joints].`,
    );
  }
  return last as tf.Tensor4D;
}
