import { access, constants, writeFile } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { version } from '../index.js';
import { computationMap } from './computation-map.js';
import { groupLayers } from './layer-groups.js';
import { readModelCard, type ModelCard } from './model-card.js';
import { readModelFolder } from './model-folder.js';
import { peak, type Heatmaps } from './heatmaps.js';
import { readPhotograph, toInput, type Photograph } from './photograph.js';
import { drawPicture } from './picture.js';
import { PoseRunner, type PoseRun } from './pose-runner.js';
import {
  formatImage,
  formatModel,
  weightsNotice,
  type ImageReport,
  type PoseReport,
} from './pose-report.js';
import type { Progress } from './progress.js';
import { percent } from './table.js';
import { messageOf, UserError } from './user-error.js';

/** What `dynconv pose` was asked for. */
export interface PoseOptions {
  /** Image files; at least one. */
  images: readonly string[];
  /** The model's folder. */
  model: string;
  /** The PNG to write; undefined names it after the image, in the working directory. */
  out?: string;
  /** Timed runs of each contestant. */
  runs: number;
  /** Whether to run on wasm, and on dynconv computing every pixel, too. */
  compare: boolean;
  /** Whether to report layer by layer, too. */
  layers?: boolean;
}

/**
 * Runs a pose network on pictures, on `dynconv` and, for comparison, on `wasm`; draws what came out.
 *
 * @param print hears what a person is told, image by image.
 * @throws UserError for a wrong file, image or model.
 */
export async function pose(
  options: PoseOptions,
  progress: Progress,
  print: (text: string) => void,
): Promise<PoseReport> {
  if (options.out !== undefined && options.images.length > 1) {
    throw new UserError('--out names one picture: leave it out when there are several images.');
  }
  if (options.images.length === 0) throw new UserError('No image: name a JPEG, PNG or WebP file.');
  await checkFolderOf(options.out ?? '');
  progress.stage(`Loading ${options.model}`);
  const card = await readModelCard(options.model);
  const runner = await PoseRunner.load(await readModelFolder(options.model), options.compare);
  const report = describe(options, card, runner);
  progress.clear();
  print(`${formatModel(report)}\n`);
  try {
    for (const path of options.images) {
      progress.stage(`Reading ${path}`);
      const photo = await readPhotograph(path, runner.width, runner.height);
      const run = await runner.run(
        toInput(photo, card.input.mean, card.input.std),
        options.runs,
        progress,
      );
      const image = summarize(path, photo, run, report.model, options, card);
      await draw(image, photo, run, report.model, card);
      progress.clear();
      report.images.push(image);
      print(`${formatImage(image)}\n`);
    }
  } finally {
    runner.dispose();
  }
  return report;
}

/** A run can take a while, so that a picture cannot be written should be said before. */
async function checkFolderOf(picture: string): Promise<void> {
  const folder = dirname(picture);
  await access(folder, constants.W_OK).catch(() => {
    throw new UserError(`The picture cannot be written: ${folder} is no folder to write to.`);
  });
}

function describe(options: PoseOptions, card: ModelCard, runner: PoseRunner): PoseReport {
  return {
    command: 'pose',
    version,
    environment: {
      runtime: `Node ${process.versions.node}`,
      relaxedSimd: tf.env().getBool('DYNCONV_RELAXED_SIMD'),
      lanes: tf.env().getNumber('DYNCONV_LANES'),
    },
    model: {
      path: options.model,
      format: runner.format,
      name: card.name,
      weights: card.weights ?? 'unknown',
      note: card.note,
      input: [runner.height, runner.width],
    },
    images: [],
  };
}

function summarize(
  path: string,
  photo: Photograph,
  { heatmaps, profile, weightName, timings, agreement }: PoseRun,
  model: PoseReport['model'],
  options: PoseOptions,
  card: ModelCard,
): ImageReport {
  const { macs, layers } = profile;
  return {
    path,
    size: [photo.height, photo.width],
    heatmaps: [heatmaps.height, heatmaps.width, heatmaps.joints],
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
      overDense: timings.dense && timings.dense.median / timings.dynconv.median,
      overWasm: timings.wasm && timings.wasm.median / timings.dynconv.median,
    },
    agreement,
    joints: model.weights === 'seeded' ? undefined : joints(heatmaps, photo, card),
    picture: options.out ?? `${basename(path, extname(path))}-pose.png`,
  };
}

/** The peaks of the heatmaps in pixels of the file. */
function joints(heatmaps: Heatmaps, photo: Photograph, card: ModelCard): ImageReport['joints'] {
  const { canvas, frame } = photo;
  return jointNames(heatmaps.joints, card).map((name, joint) => {
    const { score, x, y } = peak(heatmaps, joint);
    return {
      name,
      score,
      x: ((x * canvas.width - frame.x) / frame.width) * photo.width,
      y: ((y * canvas.height - frame.y) / frame.height) * photo.height,
    };
  });
}

function jointNames(count: number, card: ModelCard): string[] {
  return Array.from({ length: count }, (_, i) => card.joints?.[i] ?? `joint ${i + 1}`);
}

async function draw(
  image: ImageReport,
  photo: Photograph,
  run: PoseRun,
  model: PoseReport['model'],
  card: ModelCard,
): Promise<void> {
  const { heatmaps, profile } = run;
  const { gains, timings, macs } = image;
  const png = drawPicture({
    title: model.name ?? basename(model.path),
    subtitle: basename(image.path),
    photo: photo.canvas,
    heatmaps,
    joints: jointNames(heatmaps.joints, card),
    computation: computationMap(profile.layers, [heatmaps.height, heatmaps.width]),
    notes: [
      `${percent(macs.executed, macs.total)} of ${(macs.total / 1e9).toFixed(2)} billion ` +
        `multiply-accumulates executed: ${gains.theoretical.toFixed(2)}x less work`,
      `${timings.dynconv.median.toFixed(1)} ms` +
        (timings.dense ? `; computing every pixel ${timings.dense.median.toFixed(1)} ms` : '') +
        (timings.wasm ? `; on the wasm backend ${timings.wasm.median.toFixed(1)} ms` : ''),
      ...weightsNotice(model),
    ],
  });
  await writeFile(image.picture, png).catch((error: unknown) => {
    throw new UserError(`The picture ${image.picture} cannot be written: ${messageOf(error)}`);
  });
}
