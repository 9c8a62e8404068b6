import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { version } from 'tfjs-backend-dynconv';
import { computationMap } from './computation-map.js';
import { isFolder, listImages, pictureNames, timelineName } from './images.js';
import { COCO_JOINTS, findJoints, MPII_JOINTS, pickJoints } from './joints.js';
import { groupLayers } from './layer-groups.js';
import { readModelCard, type ModelCard } from '../model-card.js';
import { readModelFolder } from '../model-folder.js';
import type { Heatmaps } from './heatmaps.js';
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
import type { Progress } from '../progress.js';
import { percent } from '../table.js';
import { timelineChart } from '../timeline-chart.js';
import { messageOf, UserError } from '../user-error.js';

/** What `dynconv pose` was asked for. */
export interface PoseOptions {
  /** Image files, and folders of them; at least one. */
  images: readonly string[];
  /** The model's folder. */
  model: string;
  /**
   * The PNG to write; with several images, or where there is such a folder, the folder for the
   * pictures. Undefined: the working directory.
   */
  out?: string;
  /** Timed runs of each contestant. */
  runs: number;
  /** Whether to run on wasm, and on dynconv computing every pixel, too. */
  compare: boolean;
  /** The least score of a joint that is taken as found. */
  minScore: number;
  /** Whether to report layer by layer, too. */
  layers?: boolean;
}

/** Where the answers go. */
export interface PoseOutput {
  progress: Progress;
  /** Hears what a person is told, image by image. */
  print: (text: string) => void;
  /** Hears of an image that could not be read. */
  complain: (message: string) => void;
}

/**
 * Runs a pose network on pictures, on `dynconv` and, for comparison, on `wasm`; draws what came out.
 * Images that cannot be read are complained of and left out.
 *
 * @throws UserError for a wrong folder or model, and where nothing can be written.
 */
export async function pose(
  options: PoseOptions,
  { progress, print, complain }: PoseOutput,
): Promise<PoseReport> {
  const images = await listImages(options.images);
  const pictures = await picturePaths(images, options);
  progress.stage(`Loading ${options.model}`);
  const card = await readModelCard(options.model);
  const runner = await PoseRunner.load(await readModelFolder(options.model), options.compare);
  const report = describe(options, card, runner);
  progress.clear();
  print(`${formatModel(report)}\n`);
  try {
    for (const [i, file] of images.entries()) {
      progress.item(i + 1, images.length, basename(file));
      progress.stage(`Reading ${file}`);
      let photo: Photograph;
      try {
        photo = await readPhotograph(file, runner.width, runner.height);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        progress.clear();
        complain(error.message);
        report.failures.push({ file, message: error.message });
        continue;
      }
      const input = toInput(photo, card.input.mean, card.input.std);
      const run = await runner.run(input, options.runs, progress);
      const image = summarize({ file, picture: pictures[i], photo, run, card, options });
      await draw(image, photo, run, report.model, card);
      progress.clear();
      report.images.push(image);
      print(`${formatImage(image, options.minScore)}\n`);
    }
  } finally {
    runner.dispose();
  }
  return report;
}

/** Where the pictures go; a run can take a while, so that they cannot should be said before. */
async function picturePaths(
  images: readonly string[],
  { images: asked, out }: PoseOptions,
): Promise<string[]> {
  const names = pictureNames(images);
  const single = images.length === 1 && !(await isFolder(asked[0]));
  if (out !== undefined && single && !(await isFolder(out))) {
    await checkFolder(dirname(out));
    return [out];
  }
  if (out !== undefined) {
    await mkdir(out, { recursive: true }).catch((error: unknown) => {
      throw new UserError(`--out ${out} is no folder for the pictures: ${messageOf(error)}`);
    });
  }
  await checkFolder(out ?? '.');
  return names.map((name) => join(out ?? '', name));
}

async function checkFolder(folder: string): Promise<void> {
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
      training: card.training,
      figures: card.figures,
    },
    minScore: options.minScore,
    images: [],
    failures: [],
  };
}

function summarize({
  file,
  picture,
  photo,
  run: { heatmaps, profile, weightName, timings, agreement },
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
  return {
    file,
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
    joints: card.weights === 'trained' ? jointsOf(heatmaps, photo, card, options) : undefined,
    picture,
    timeline: timelineName(picture),
  };
}

/** @throws UserError when the card does not name the joints. */
function jointsOf(
  heatmaps: Heatmaps,
  photo: Photograph,
  card: ModelCard,
  { model, minScore }: PoseOptions,
): ImageReport['joints'] {
  if (card.joints?.length !== heatmaps.joints) {
    throw new UserError(
      `The model in ${model} gives ${heatmaps.joints} heatmaps, but its dynconv.json names ` +
        `${card.joints?.length ?? 0} joints: list them in the order of the heatmaps.`,
    );
  }
  const found = findJoints(heatmaps, photo, card.joints, minScore);
  return { mpii: pickJoints(found, MPII_JOINTS), coco: pickJoints(found, COCO_JOINTS) };
}

function inWords(count: number): string {
  return count < 1e9
    ? `${(count / 1e6).toFixed(1)} million`
    : `${(count / 1e9).toFixed(2)} billion`;
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
  const title = model.name ?? basename(model.path);
  const png = drawPicture({
    title,
    subtitle: basename(image.file),
    photo,
    skeleton: image.joints?.mpii,
    heatmaps,
    joints: jointNames(heatmaps.joints, card),
    computation: computationMap(profile.layers, [heatmaps.height, heatmaps.width]),
    notes: [
      `${percent(macs.executed, macs.total)} of ${inWords(macs.total)} ` +
        `multiply-accumulates executed: ${gains.theoretical.toFixed(2)}x less work`,
      `${timings.dynconv.median.toFixed(1)} ms` +
        (timings.dense ? `; computing every pixel ${timings.dense.median.toFixed(1)} ms` : '') +
        (timings.wasm ? `; on the wasm backend ${timings.wasm.median.toFixed(1)} ms` : ''),
      ...weightsNotice(model),
    ],
  });
  await write(image.picture, png);
  const { timeline, layers } = profile;
  const subtitle = `one prediction of ${basename(image.file)}`;
  await write(image.timeline, timelineChart(timeline, { title, subtitle, layers }));
}

async function write(file: string, content: Uint8Array | string): Promise<void> {
  await writeFile(file, content).catch((error: unknown) => {
    throw new UserError(`${file} cannot be written: ${messageOf(error)}`);
  });
}
