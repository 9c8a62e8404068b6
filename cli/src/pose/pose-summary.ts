import * as tf from '@tensorflow/tfjs-core';
import { version } from 'tfjs-backend-dynconv';
import type { ModelCard } from '../model-card.js';
import { UserError } from '../user-error.js';
import { timelineName } from './images.js';
import { COCO_JOINTS, findJoints, MPII_JOINTS, pickJoints } from './joints.js';
import { groupLayers } from './layer-groups.js';
import type { Photograph } from './photograph.js';
import type { PoseOptions } from './pose-options.js';
import type { ImageReport, PoseReport } from './pose-report.js';
import type { Spread } from '../statistics.js';
import type { PoseRun, PoseRunner } from './pose-runner.js';
import type { Prediction } from './prediction.js';

/** A report of no image yet. */
export function describeModel(
  options: PoseOptions,
  card: ModelCard,
  runner: PoseRunner,
): PoseReport {
  const { name, note, source, licence, training, gating, figures } = card;
  return {
    command: 'pose',
    version,
    environment: {
      runtime: `Node ${process.versions.node}`,
      relaxedSimd: tf.env().getBool('DYNCONV_RELAXED_SIMD'),
      lanes: tf.env().getNumber('DYNCONV_LANES'),
    },
    model: {
      path: runner.path,
      format: runner.format,
      weights: card.weights ?? 'unknown',
      input: [runner.height, runner.width],
      ...{ name, note, source, licence, training, gating, figures },
    },
    minScore: options.minScore,
    images: [],
    failures: [],
  };
}

/**
 * What is reported of one image.
 *
 * @throws UserError when the card does not name the joints of a trained network.
 */
export function describeImage({
  file,
  picture,
  photo,
  run: { prediction, profile, weightName, timings, agreement },
  card,
  options,
}: {
  file: string;
  picture: string;
  photo: Photograph;
  run: PoseRun;
  card: ModelCard;
  options: PoseOptions;
}): ImageReport {
  const { macs, layers } = profile;
  const { heatmaps } = prediction;
  const isTrained = card.weights === 'trained' || card.weights === 'pretrained';
  return {
    file,
    size: [photo.height, photo.width],
    heatmaps: heatmaps && [heatmaps.height, heatmaps.width, heatmaps.joints],
    groups: groupLayers(layers, weightName),
    layers: options.layers
      ? layers.map((layer) => ({
          kernel: layer.name,
          variant: layer.variant,
          weight: layer.filter && weightName(layer.filter),
          inputShapes: layer.inputShapes,
          outputShape: layer.outputShape,
          pixels: layer.pixels,
          macs: layer.macs,
          milliseconds: layer.milliseconds,
        }))
      : undefined,
    macs,
    timings,
    gains: {
      theoretical: macs.executed === 0 ? 1 : macs.total / macs.executed,
      overDense: ratio(timings.dense, timings.dynconv),
      overWasm: ratio(timings.wasm, timings.dynconv),
      capturedOverDense: ratio(timings.capturedDense, timings.captured),
      capturedOverWasm: ratio(timings.wasm, timings.captured),
    },
    agreement,
    joints: isTrained ? jointsOf(prediction, photo, card, options) : undefined,
    picture,
    timeline: timelineName(picture),
  };
}

/** How many times as long one takes as the other. */
function ratio(one: Spread | undefined, other: Spread | undefined): number | undefined {
  return one && other && one.median / other.median;
}

function jointsOf(
  { joints }: Prediction,
  photo: Photograph,
  card: ModelCard,
  { network, minScore }: PoseOptions,
): ImageReport['joints'] {
  if (card.joints?.length !== joints.length) {
    throw new UserError(
      `The model in ${network} gives ${joints.length} joints, but its dynconv.json names ` +
        `${card.joints?.length ?? 0}: list them in the order of the network.`,
    );
  }
  const found = findJoints(joints, photo, card.joints, minScore);
  return { mpii: pickJoints(found, MPII_JOINTS), coco: pickJoints(found, COCO_JOINTS) };
}
