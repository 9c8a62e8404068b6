import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { MPII_JOINTS } from '../../cli/src/pose/joints.js';
import type { ModelCard } from '../../cli/src/model-card.js';
import type { ModelFolder } from '../../cli/src/model-folder.js';
import { loadPoseModel } from '../../cli/src/pose/pose-model.js';
import { UserError } from '../../cli/src/user-error.js';
import { inputOf, type TestSplit } from './benchmark.js';
import { readNpy } from './npy.js';
import { pckh } from './pckh.js';

/** By how many points PCKh may differ from Keras's. */
const PCKH_TOLERANCE = 0.1;
/** The share of the masks' pixels that must be as in Keras, at least. */
const MASK_AGREEMENT = 0.999;
/** Joints that moved by less, in pixels, count as the same. */
const SAME_JOINT = 0.01;

/** A trained model to evaluate. */
export interface TrainedModel {
  name: string;
  folder: ModelFolder;
  card: ModelCard;
}

/** How a converted model does, held against what Keras made of it. */
export interface Evaluation {
  name: string;
  /** Test images that it ran on. */
  images: number;
  /** PCKh@0.5 in percent. */
  pckh: number;
  /** Keras's, from the card, on all test images. */
  kerasPckh: number;
  /** Against Keras's joints on the same images; undefined when there are none to compare with. */
  joints?: { kerasPckh: number; same: number; farthest: number };
  /** Against Keras's masks: shares of pixels that agree; undefined when there are none. */
  masks?: { pixels: number; agreement: number; worst: { name: string; agreement: number } };
  /** The bars that it missed, in words. */
  missed: string[];
}

/**
 * Evaluates a model on the backend that is current.
 *
 * @param count how many of the test images to use.
 * @param reference the folder with Keras's joints and masks; need not exist.
 * @param onImage hears of every image.
 * @throws UserError when model and images, or the reference, do not belong together.
 */
export async function evaluate(
  { name, folder, card }: TrainedModel,
  split: TestSplit,
  count: number,
  reference: string,
  onImage: (done: number) => void,
): Promise<Evaluation> {
  const { figures, training } = card;
  if (!figures || !training) {
    throw new UserError(`${folder.path}: its dynconv.json tells neither training nor figures.`);
  }
  const { data } = training;
  if (data.version !== split.version || data.seed !== split.seed) {
    throw new UserError(
      `${name} was trained on ${data.name} version ${data.version}, seed ${data.seed}, but the data ` +
        `is version ${split.version}, seed ${split.seed}: train it anew, or give its data with --data.`,
    );
  }
  const predicted = await predictJoints(folder, card, split, count, onImage);
  const result: Evaluation = {
    name,
    images: count,
    pckh: pckh(predicted, split),
    kerasPckh: figures.pckh,
    joints: await compareJoints(predicted, split, reference),
    masks: await compareMasks(folder, card, split, reference, Object.keys(figures.maskDensities)),
    missed: [],
  };
  // On some of the images, the card's figure says nothing.
  const references = [count === split.count ? figures.pckh : NaN, result.joints?.kerasPckh ?? NaN];
  const difference = Math.max(
    ...references.filter(Number.isFinite).map((keras) => Math.abs(result.pckh - keras)),
  );
  if (difference > PCKH_TOLERANCE) {
    result.missed.push(
      `PCKh differs from Keras's by ${difference.toFixed(2)} points, more than ${PCKH_TOLERANCE}`,
    );
  }
  if (result.masks && !(result.masks.agreement > MASK_AGREEMENT)) {
    result.missed.push(
      `only ${(100 * result.masks.agreement).toFixed(2)} % of the masks' pixels are as in Keras, ` +
        `not more than ${100 * MASK_AGREEMENT} %`,
    );
  }
  return result;
}

/** The joints of the first images: [count, 16, 2] in pixels. */
async function predictJoints(
  folder: ModelFolder,
  card: ModelCard,
  split: TestSplit,
  count: number,
  onImage: (done: number) => void,
): Promise<Float32Array> {
  const model = await loadPoseModel(folder);
  checkSize(folder.path, [model.height, model.width], split.size);
  const predicted = new Float32Array(count * MPII_JOINTS.length * 2);
  for (let i = 0; i < count; i++) {
    const { joints } = await model.predict(inputOf(split, i, card.input));
    if (joints.length !== MPII_JOINTS.length) {
      throw new UserError(`${folder.path} gives ${joints.length} joints, not MPII's 16.`);
    }
    joints.forEach(({ x, y }, joint) => {
      predicted.set([x, y], (i * joints.length + joint) * 2);
    });
    onImage(i + 1);
  }
  model.dispose();
  return predicted;
}

/** @throws UserError when the model takes images of another size. */
export function checkSize(path: string, [height, width]: number[], size: number): void {
  if (height !== size || width !== size) {
    throw new UserError(
      `${path} takes images of ${width}x${height} pixels, but the data has ${size}x${size}.`,
    );
  }
}

async function compareJoints(
  predicted: Float32Array,
  split: TestSplit,
  reference: string,
): Promise<Evaluation['joints']> {
  if (!(await filesIn(reference)).includes('joints.npy')) return undefined;
  const file = join(reference, 'joints.npy');
  const shape = [split.count, MPII_JOINTS.length, 2];
  const keras = (await readNpy(file, 'float32', shape)).values.subarray(0, predicted.length);
  let [same, farthest] = [0, 0];
  for (let i = 0; i < predicted.length; i += 2) {
    const distance = Math.hypot(predicted[i] - keras[i], predicted[i + 1] - keras[i + 1]);
    farthest = Math.max(farthest, distance);
    if (distance < SAME_JOINT) same++;
  }
  return { kerasPckh: pckh(keras, split), same: same / (predicted.length / 2), farthest };
}

/** Compares all masks of all images that Keras's masks are there of. */
async function compareMasks(
  folder: ModelFolder,
  card: ModelCard,
  split: TestSplit,
  reference: string,
  names: readonly string[],
): Promise<Evaluation['masks']> {
  const files = await filesIn(reference);
  if (names.length === 0 || files.length === 0) return undefined;
  const missing = names.find((name) => !files.includes(`mask-${name}.npy`));
  if (missing !== undefined) {
    throw new UserError(`${reference} lacks mask-${missing}.npy, which the card tells of.`);
  }
  const keras = await Promise.all(
    names.map((name) => readNpy(join(reference, `mask-${name}.npy`), 'bool', [-1, -1, -1, 1])),
  );
  const nodes = names.map((name) => maskNode(folder, name));
  const model = await loadGraphModel({ load: () => Promise.resolve(folder.artifacts) });
  const agreeing = names.map(() => 0);
  const images = Math.min(split.count, ...keras.map(({ shape }) => shape[0]));
  for (let i = 0; i < images; i++) {
    const input = tf.tensor4d(inputOf(split, i, card.input), [1, split.size, split.size, 3]);
    const outputs = [model.execute(input, nodes)].flat();
    for (const [m, output] of outputs.entries()) {
      const values = await output.data();
      const { shape, values: all } = keras[m];
      if (values.length !== shape[1] * shape[2]) {
        throw new UserError(
          `${reference}: the mask ${names[m]} has ${shape[2]}x${shape[1]} pixels, the model's ${values.length}.`,
        );
      }
      for (let pixel = 0; pixel < values.length; pixel++) {
        if (values[pixel] === all[i * values.length + pixel]) agreeing[m]++;
      }
    }
    tf.dispose([input, ...outputs]);
  }
  model.dispose();
  const pixels = keras.map(({ shape }) => images * shape[1] * shape[2]);
  const shares = agreeing.map((count, m) => count / pixels[m]);
  const worst = shares.indexOf(Math.min(...shares));
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  return {
    pixels: sum(pixels),
    agreement: sum(agreeing) / sum(pixels),
    worst: { name: names[worst], agreement: shares[worst] },
  };
}

/** The node of a graph that a mask unit's layer became: a cast of its comparison. */
function maskNode({ path, artifacts }: ModelFolder, layer: string): string {
  const { node = [] } = (artifacts.modelTopology ?? {}) as {
    node?: { name: string; op: string }[];
  };
  const found = node.find(({ name, op }) => op === 'Cast' && name.split('/').includes(layer));
  if (!found) throw new UserError(`The graph in ${path} has no mask of the layer ${layer}.`);
  return found.name;
}

async function filesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
