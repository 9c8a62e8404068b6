import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readModelCard } from '../model-card.js';
import { readModelFolder } from '../model-folder.js';
import { checkOutputs, writeOutput, type Output } from '../output-files.js';
import type { Progress } from '../progress.js';
import { percent } from '../table.js';
import { timelineChart } from '../timeline-chart.js';
import { messageOf, UserError } from '../user-error.js';
import { computationMap } from './computation-map.js';
import { isFolder, listImages, OVERVIEW_NAME, pictureNames, timelineName } from './images.js';
import type { PanelsContent } from './panels.js';
import { readPhotograph, toInput, type Photograph } from './photograph.js';
import { drawOverview, drawPicture, type OverviewRow } from './picture.js';
import type { PoseOptions } from './pose-options.js';
import { formatImage, formatModel, weightsNotice } from './pose-report.js';
import type { ImageReport, PoseReport } from './pose-report.js';
import { PoseRunner, type PoseRun } from './pose-runner.js';
import { describeImage, describeModel } from './pose-summary.js';

/** Where the answers go. */
export interface PoseOutput {
  progress: Progress;
  /** Hears what a person is told, image by image. */
  print: (text: string) => void;
  /** Hears of an image that could not be read. */
  complain: (message: string) => void;
}

/** The most images that an overview shows: it is drawn in one piece. */
const OVERVIEW_ROWS = 12;

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
  progress.stage(`Loading ${options.network}`);
  const folder = await readModelFolder(options.network);
  const card = await readModelCard(folder.folder);
  const overview = images.length > 1 ? join(dirname(pictures[0]), OVERVIEW_NAME) : undefined;
  const written = [overview, ...pictures.flatMap((file) => [file, timelineName(file)])];
  checkOutputs(
    written.map((file): Output => ['--out', file]),
    [...images, ...folder.files],
  );
  const runner = await PoseRunner.load(folder, options.compare);
  const report = describeModel(options, card, runner);
  const rows: OverviewRow[] = [];
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
      const image = describeImage({ file, picture: pictures[i], photo, run, card, options });
      const panels = panelsOf(image, photo, run);
      draw(image, panels, run, report.model, card.joints);
      if (rows.length < OVERVIEW_ROWS) rows.push({ name: basename(file), panels });
      progress.clear();
      report.images.push(image);
      print(`${formatImage(image, options.minScore)}\n`);
    }
  } finally {
    runner.dispose();
  }
  if (overview !== undefined && rows.length > 1) {
    report.overview = overview;
    const [title, subtitle] = formatModel(report).split('\n');
    const notes = weightsNotice(report.model);
    writeOutput(overview, drawOverview({ title, subtitle, rows, notes }));
    print(`All of them: ${overview}`);
  }
  return report;
}

/** Where the pictures go. */
async function picturePaths(
  images: readonly string[],
  { images: asked, out }: PoseOptions,
): Promise<string[]> {
  const names = pictureNames(images);
  const single = images.length === 1 && !(await isFolder(asked[0]));
  if (out !== undefined && single && !(await isFolder(out))) return [out];
  if (out !== undefined) {
    await mkdir(out, { recursive: true }).catch((error: unknown) => {
      throw new UserError(`--out ${out} is no folder for the pictures: ${messageOf(error)}`);
    });
  }
  return names.map((name) => join(out ?? '', name));
}

function inWords(count: number): string {
  return count < 1e9
    ? `${(count / 1e6).toFixed(1)} million`
    : `${(count / 1e9).toFixed(2)} billion`;
}

function panelsOf(image: ImageReport, photo: Photograph, run: PoseRun): PanelsContent {
  const { timings, macs, gains, joints } = image;
  const { canvas } = photo;
  const grid = run.prediction.heatmaps ?? canvas;
  const ways = [
    { name: 'wasm', way: 'wasm' },
    { name: 'dynconv, every pixel', way: 'dense' },
    { name: 'dynconv', way: 'dynconv' },
    { name: 'dynconv, captured', way: 'captured' },
  ] as const;
  const times = ways.flatMap(({ name, way }) => {
    const spread = timings[way];
    return spread ? [{ name, way, milliseconds: spread.median }] : [];
  });
  return {
    photo,
    skeleton: joints && { ...joints.coco, ...joints.mpii },
    computation: computationMap(run.profile.layers, [grid.height, grid.width]),
    times,
    work: [
      `${percent(macs.executed, macs.total)} of ${inWords(macs.total)} multiply-accumulates executed`,
      `${gains.theoretical.toFixed(2)}x less work` +
        (gains.overDense === undefined
          ? ''
          : `, ${gains.overDense.toFixed(2)}x gained by skipping`),
    ],
  };
}

function draw(
  image: ImageReport,
  panels: PanelsContent,
  { prediction: { heatmaps }, profile: { timeline, layers } }: PoseRun,
  model: PoseReport['model'],
  names: readonly string[] = [],
): void {
  const title = model.name ?? basename(model.path);
  const png = drawPicture({
    title,
    subtitle: basename(image.file),
    panels,
    heatmaps,
    joints: Array.from({ length: heatmaps?.joints ?? 0 }, (_, i) => names[i] ?? `joint ${i + 1}`),
    notes: weightsNotice(model),
  });
  writeOutput(image.picture, png);
  const subtitle = `one prediction of ${basename(image.file)}`;
  writeOutput(image.timeline, timelineChart(timeline, { title, subtitle, layers }));
}
