import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { readPhotograph, toInput } from '../../cli/src/pose/photograph.js';
import { inRoot, PHOTOGRAPH } from './host.js';
import { registerUpscalerLayers } from './upscaler-layers.js';

const COLOURS = 3;
const SEED = 1;
/** A graph with one of these runs asynchronously. */
const CONTROL_FLOW = /^(Switch|Merge|Enter|LoopCond|Where|NonMaxSuppressionV\d)$/;

/** A model with its inputs, on the backend that was in force when it was loaded. */
export interface Network {
  readonly inputs: readonly tf.Tensor[];
  readonly predict: Predict;
  dispose(): void;
}

/** At once, or, for a graph with control flow, later. */
export type Predict =
  | { readonly isAsync: false; run(inputs: readonly tf.Tensor[]): tf.Tensor[] }
  | { readonly isAsync: true; run(inputs: readonly tf.Tensor[]): Promise<tf.Tensor[]> };

/** An input as a model describes it. */
interface InputShape {
  readonly name: string;
  readonly shape?: readonly (number | null)[] | undefined;
  readonly dtype: tf.DataType;
}

/** Reads a model, graph or layers, and makes what it reads. */
export async function loadNetwork(file: string, side: number): Promise<Network> {
  const json = JSON.parse(await readFile(file, 'utf8')) as tf.io.ModelJSON;
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(paths.map((path) => readFile(join(dirname(file), path))));
  const artifacts = await tf.io.getModelArtifactsForJSON(json, (manifest) =>
    Promise.resolve([tf.io.getWeightSpecs(manifest), new Uint8Array(Buffer.concat(shards)).buffer]),
  );
  const handler = { load: () => Promise.resolve(artifacts) };
  const { node: nodes } = artifacts.modelTopology as { node?: readonly { op: string }[] };
  if (!nodes) {
    registerUpscalerLayers();
    const model = await loadLayersModel(handler);
    const inputs = [await inputOf(model.inputs[0], side)];
    const run = ([x]: readonly tf.Tensor[]): tf.Tensor[] => [model.predict(x)].flat();
    return networkOf(model, inputs, { isAsync: false, run });
  }
  const model = await loadGraphModel(handler);
  const infos = model.inputs as InputShape[];
  const inputs: tf.Tensor[] = [];
  for (const info of infos) inputs.push(await inputOf(info, side));
  const named = (tensors: readonly tf.Tensor[]): tf.NamedTensorMap =>
    Object.fromEntries(infos.map(({ name }, index) => [name, tensors[index]]));
  if (nodes.some(({ op }) => CONTROL_FLOW.test(op))) {
    const run = async (tensors: readonly tf.Tensor[]): Promise<tf.Tensor[]> =>
      [await model.executeAsync(named(tensors))].flat();
    return networkOf(model, inputs, { isAsync: true, run });
  }
  const run = (tensors: readonly tf.Tensor[]): tf.Tensor[] =>
    [model.execute(named(tensors))].flat();
  return networkOf(model, inputs, { isAsync: false, run });
}

function networkOf(
  model: { dispose: () => unknown },
  inputs: readonly tf.Tensor[],
  predict: Predict,
): Network {
  return {
    inputs,
    predict,
    dispose() {
      for (const each of [...inputs, model]) each.dispose();
    },
  };
}

/** The shipped photograph, a sound, or a 1 for what has no shape: a state that is empty, a ratio. */
async function inputOf({ shape, dtype }: InputShape, side: number): Promise<tf.Tensor> {
  if (!shape) return tf.ones([1, 1, 1, 1]);
  return shape.length === 4 ? picture(shape, dtype, side) : sound(shape, dtype);
}

/** Bytes for integers, else [0, 1]. */
async function picture(
  shape: NonNullable<InputShape['shape']>,
  dtype: tf.DataType,
  side: number,
): Promise<tf.Tensor> {
  const channelsFirst = shape[1] === COLOURS;
  const [height, width] = shape
    .slice(channelsFirst ? 2 : 1)
    .map((size) => (size !== null && size > 0 ? size : side));
  const scale = dtype === 'int32' ? 1 / 255 : 1;
  const values = toInput(
    await readPhotograph(inRoot(PHOTOGRAPH), width, height),
    [0, 0, 0],
    [scale, scale, scale],
  );
  return tf.tidy(() => {
    const pixels = tf.tensor4d(values, [1, height, width, COLOURS], dtype);
    if (channelsFirst) return tf.transpose(pixels, [0, 3, 1, 2]);
    return shape[3] === 1 ? tf.mean(pixels, 3, true) : pixels;
  });
}

/** Noise. */
function sound(shape: NonNullable<InputShape['shape']>, dtype: tf.DataType): tf.Tensor {
  const sizes = shape.map((size) => (size !== null && size > 0 ? size : 1));
  return tf.randomUniform(sizes, -1, 1, dtype, SEED);
}
