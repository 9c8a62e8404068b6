import * as tf from '@tensorflow/tfjs-core';
import type { ModelCard } from '../model-card.js';
import type { NetworkInput } from '../network.js';
import { readPhotograph, toInput } from '../pose/photograph.js';
import { UserError } from '../user-error.js';

/** What is fed to a network. */
export interface Inputs {
  tensors: tf.Tensor[];
  /** For each: its shape, and where its values come from: a file or 'random'. */
  sources: { name: string; shape: number[]; source: string }[];
  /** Why an image that was given is not among them. */
  refused?: string;
}

const RANDOM = 'random';
const SEED = 1;
/** Values of bytes, as integer inputs take pictures. */
const BYTE_VALUES = 256;

/**
 * Makes a network's inputs on the current backend: the image where the network takes one picture,
 * else random values from a fixed seed (from 0 to 1; integers from 0 to 255).
 *
 * @param path of the model, for messages.
 * @throws UserError when an input has no fixed shape or no numbers, or the image cannot be read.
 */
export async function inputsOf(
  inputs: readonly NetworkInput[],
  { image, card, path }: { image?: string; card: ModelCard; path: string },
): Promise<Inputs> {
  const shapes = inputs.map((input) => shapeOf(input, path));
  const refused = image === undefined ? undefined : refusalOf(inputs, shapes);
  const sources = inputs.map(({ name }, i) => ({ name, shape: shapes[i], source: RANDOM }));
  if (image !== undefined && refused === undefined) {
    sources[0].source = image;
    return { tensors: [await pictureOf(image, shapes[0], inputs[0].dtype, card)], sources };
  }
  const tensors = inputs.map(({ dtype, name }, i) => randomTensor(shapes[i], dtype, name, path));
  return { tensors, sources, refused };
}

/** The shape with a batch of one where it is open. */
function shapeOf({ name, shape }: NetworkInput, path: string): number[] {
  const fixed = shape?.map((size, axis) => (axis === 0 && (size ?? -1) < 1 ? 1 : (size ?? -1)));
  if (!fixed || fixed.some((size) => size < 1)) {
    const known = shape?.map((size) => ((size ?? -1) < 0 ? '?' : size)).join(', ') ?? '?';
    throw new UserError(
      `The model in ${path} takes ${name} [${known}]: only the first dimension may be open; ` +
        `convert it again with an input signature.`,
    );
  }
  return fixed;
}

/** Why a network cannot take a picture; undefined if it can. */
function refusalOf(
  inputs: readonly NetworkInput[],
  shapes: readonly number[][],
): string | undefined {
  if (inputs.length !== 1) return `the model takes ${inputs.length} inputs`;
  const [[batch, , , channels]] = shapes;
  const { dtype } = inputs[0];
  const isPicture = shapes[0].length === 4 && batch === 1 && channels === 3;
  if (isPicture && (dtype === 'float32' || dtype === 'int32')) return undefined;
  return `the model takes ${dtype} [${shapes[0].join(', ')}], not [1, height, width, 3]`;
}

async function pictureOf(
  image: string,
  shape: readonly number[],
  dtype: tf.DataType,
  { input: { mean, std } }: ModelCard,
): Promise<tf.Tensor> {
  const [, height, width] = shape;
  const photograph = await readPhotograph(image, width, height);
  const bytes = 1 / (BYTE_VALUES - 1);
  const values =
    dtype === 'int32'
      ? Int32Array.from(toInput(photograph, [0, 0, 0], [bytes, bytes, bytes]), Math.round)
      : toInput(photograph, mean, std);
  return tf.tensor(values, [...shape], dtype);
}

function randomTensor(shape: number[], dtype: tf.DataType, name: string, path: string): tf.Tensor {
  switch (dtype) {
    case 'float32':
      return tf.randomUniform(shape, 0, 1, 'float32', SEED);
    case 'int32':
      return tf.randomUniform(shape, 0, BYTE_VALUES, 'int32', SEED);
    case 'bool':
      return tf.tidy(() => tf.greater(tf.randomUniform(shape, 0, 1, 'float32', SEED), 0.5));
    default:
      throw new UserError(`The model in ${path} takes ${name} of ${dtype}: numbers are needed.`);
  }
}
