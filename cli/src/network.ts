import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { nameLayers } from 'tfjs-backend-dynconv';
import type { ModelFolder } from './model-folder.js';
import { messageOf, UserError } from './user-error.js';

/** An input of a network; open dimensions are null or negative. */
export interface NetworkInput {
  name: string;
  shape?: readonly (number | null)[];
  dtype: tf.DataType;
}

/** What graph models and layers models have in common; the weights' names are known to `dynconv`. */
export interface Network {
  inputs: readonly NetworkInput[];
  /** Runs on the current backend; the caller disposes of the outputs. */
  run(inputs: tf.Tensor[]): tf.Tensor[];
  weights: Iterable<readonly [name: string, dataId: object]>;
  dispose(): void;
}

/**
 * Makes a network of a folder's content; its weights lie on the current backend.
 *
 * @throws UserError when it cannot be built.
 */
export async function loadNetwork(folder: ModelFolder): Promise<Network> {
  try {
    return await (folder.format === 'graph-model' ? loadGraph(folder) : loadLayers(folder));
  } catch (error) {
    throw new UserError(`The model in ${folder.path} cannot be built: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function loadGraph({ artifacts }: ModelFolder): Promise<Network> {
  const model = await loadGraphModel({ load: () => Promise.resolve(artifacts) });
  nameLayers(model);
  return {
    inputs: model.inputs,
    run: (inputs) => listOf(model.predict(inputs)),
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
  nameLayers(model);
  return {
    inputs: model.inputs,
    run: (inputs) => listOf(model.predict(inputs)),
    weights: model.weights.map((weight) => [weight.originalName, weight.read().dataId] as const),
    dispose: () => {
      model.dispose();
    },
  };
}

function listOf(output: tf.Tensor | tf.Tensor[] | tf.NamedTensorMap): tf.Tensor[] {
  if (output instanceof tf.Tensor) return [output];
  return Array.isArray(output) ? output : Object.values(output);
}
