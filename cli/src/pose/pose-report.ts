import { z } from 'zod';
import { sumGroups } from './layer-groups.js';
import { commonFolder } from '../common-folder.js';
import { figures, gating, training } from '../model-card.js';
import { formatTable, percent } from '../table.js';

const count = z.number().int().nonnegative();
const milliseconds = z.number().nonnegative();
const size = z.tuple([count, count]);

const group = z.strictObject({
  name: z.string(),
  convolutions: count,
  pixels: z.strictObject({ total: count, active: count }),
  macs: z.strictObject({ total: count, executed: count }),
  milliseconds,
});

const layer = z.strictObject({
  kernel: z.string(),
  variant: z.string(),
  weight: z.string().optional(),
  inputShapes: z.array(z.array(count)),
  outputShape: z.array(count),
  pixels: z.strictObject({ total: count, active: count }),
  macs: z.strictObject({ total: count, executed: count }),
  milliseconds,
});

const spread = z.strictObject({
  median: milliseconds,
  lower: milliseconds,
  upper: milliseconds,
  runs: count,
});

const score = z.number().describe('about 1 where the network is sure');
const joint = z.discriminatedUnion('found', [
  z.strictObject({
    found: z.literal(true),
    x: z.number().describe('in pixels of the file; the centre of its first pixel is 0.5'),
    y: z.number(),
    score,
  }),
  z.strictObject({ found: z.literal(false), score }),
]);

const image = z.strictObject({
  file: z.string(),
  size: size.describe('height and width of the file'),
  heatmaps: z
    .tuple([count, count, count])
    .optional()
    .describe('height, width and number of joints; absent for a network that gives keypoints'),
  groups: z.array(group),
  layers: z.array(layer).optional().describe('with --layers'),
  macs: z.strictObject({ total: count, executed: count }),
  timings: z.strictObject({
    dynconv: spread,
    dense: spread.optional().describe('dynconv with DYNCONV_SKIP off'),
    wasm: spread.optional(),
    captured: spread.optional().describe('dynconv by captured kernels: see `capture`'),
    capturedDense: spread.optional().describe('the same with DYNCONV_SKIP off'),
  }),
  gains: z.strictObject({
    theoretical: z.number().describe('total over executed multiply-accumulates'),
    overDense: z.number().optional(),
    overWasm: z.number().optional(),
    capturedOverDense: z.number().optional().describe('both by captured kernels'),
    capturedOverWasm: z.number().optional(),
  }),
  agreement: z
    .strictObject({
      difference: z
        .number()
        .nullable()
        .describe('largest difference over the largest value; null when a value is not finite'),
      tolerance: z.number(),
      agree: z.boolean(),
    })
    .optional(),
  joints: z
    .strictObject({
      mpii: z.record(z.string(), joint).describe('those that MPII has, by its names'),
      coco: z.record(z.string(), joint).describe('those that COCO has, by its names'),
    })
    .optional()
    .describe('absent for weights that are not trained: they would mean nothing'),
  picture: z.string(),
  timeline: z.string().describe('the chart of what each lane did when, an SVG'),
});

/** The document that `dynconv pose --json` prints. Milliseconds are medians or single runs. */
export const poseReport = z.strictObject({
  command: z.literal('pose'),
  version: z.string(),
  environment: z.strictObject({
    runtime: z.string(),
    relaxedSimd: z.boolean(),
    lanes: count,
  }),
  model: z.strictObject({
    path: z.string(),
    format: z.enum(['graph-model', 'layers-model']),
    name: z.string().optional(),
    weights: z.enum(['seeded', 'trained', 'pretrained', 'unknown']),
    note: z.string().optional(),
    source: z.string().optional(),
    licence: z.string().optional(),
    input: size,
    training: training.optional(),
    gating: gating.optional(),
    figures: figures.optional(),
  }),
  minScore: z.number().describe('the least score of a joint that is found'),
  images: z.array(image),
  overview: z.string().optional().describe('the picture of several images beneath one another'),
  failures: z
    .array(z.strictObject({ file: z.string(), message: z.string() }))
    .describe('the images that could not be read'),
});

export type PoseReport = z.infer<typeof poseReport>;
export type ImageReport = z.infer<typeof image>;

/** What to print before the first image. */
export function formatModel({ environment, model }: PoseReport): string {
  const [height, width] = model.input;
  return [
    `${model.name ?? model.path} (${model.format}, input ${width}x${height})`,
    `${environment.runtime}, ${environment.relaxedSimd ? 'relaxed' : 'plain'} SIMD, ` +
      `${environment.lanes} ${environment.lanes === 1 ? 'thread' : 'threads'}`,
    ...weightsNotice(model),
  ].join('\n');
}

/** Says in plain words where the weights come from, or that what comes out means nothing. */
export function weightsNotice(model: PoseReport['model']): string[] {
  const notice = model.note === undefined ? [] : [model.note];
  switch (model.weights) {
    case 'seeded':
      return [
        'The weights are SEEDED, NOT TRAINED: they show no pose, so there is no skeleton to draw.',
        ...notice,
      ];
    case 'unknown':
      return [
        'No skeleton is drawn: no dynconv.json beside model.json says that the weights are trained.',
        ...notice,
      ];
    case 'trained':
      return [...formatTraining(model), ...notice];
    case 'pretrained':
      return [...formatOrigin(model), ...notice];
  }
}

function formatTraining({ training, figures }: PoseReport['model']): string[] {
  if (!training) return [];
  const { name, version, trainImages } = training.data;
  const result = figures
    ? `: PCKh@0.5 ${figures.pckh.toFixed(1)} % on its test split, ` +
      `where it executes ${percent(figures.executedMacs, figures.macs)} of its MACs`
    : '';
  return [`Trained on ${trainImages} pictures of ${name}, version ${version}${result}.`];
}

function formatOrigin({ source, licence, gating }: PoseReport['model']): string[] {
  const origin = source === undefined ? [] : [`${source}${licence ? ` (${licence})` : ''}.`];
  if (!gating) return origin;
  const { figures } = gating;
  const { labelled } = figures;
  const accuracy = labelled
    ? `; PCK@${labelled.threshold} ${labelled.pck.toFixed(1)} % on ${labelled.photographs} photographs, ` +
      `${labelled.originalPck.toFixed(1)} % without masks`
    : '';
  return [
    ...origin,
    `Masks put in by dynconv_models.gate: on average ${percent(figures.executedMacs, figures.macs)} ` +
      `of its MACs are executed${accuracy}.`,
  ];
}

/** What to print of one image. */
export function formatImage(image: ImageReport, minScore: number): string {
  const [height, width] = image.size;
  return [
    `${image.file} (${width}x${height})${formatHeatmaps(image)}`,
    formatGroups(image),
    ...(image.layers ? [formatLayers(image.layers)] : []),
    formatTimings(image),
    [
      formatGains(image),
      formatAgreement(image),
      formatJoints(image, minScore),
      `Picture: ${image.picture}`,
      `Timeline: ${image.timeline}`,
    ]
      .filter((line) => line !== '')
      .join('\n'),
  ].join('\n\n');
}

function formatHeatmaps({ heatmaps }: ImageReport): string {
  if (!heatmaps) return '';
  const [rows, columns, joints] = heatmaps;
  return ` to ${joints} heatmaps of ${columns}x${rows}`;
}

function formatGroups({ groups }: ImageReport): string {
  return formatTable(
    ['layers', 'convolutions', 'pixels computed', 'MACs (M)', 'executed (M)', 'executed', 'ms'],
    [...groups, sumGroups('total', groups)].map((g) => [
      g.name,
      String(g.convolutions),
      percent(g.pixels.active, g.pixels.total),
      millions(g.macs.total),
      millions(g.macs.executed),
      percent(g.macs.executed, g.macs.total),
      g.milliseconds.toFixed(1),
    ]),
  );
}

function formatLayers(layers: NonNullable<ImageReport['layers']>): string {
  const prefix = commonFolder(layers.flatMap(({ weight }) => weight ?? []));
  return formatTable(
    ['layer', 'variant', 'output', 'pixels computed', 'MACs (M)', 'executed (M)', 'ms'],
    layers.map((l) => [
      l.weight?.slice(prefix.length) ?? l.kernel,
      l.variant || '-',
      l.outputShape.join('x'),
      percent(l.pixels.active, l.pixels.total),
      millions(l.macs.total),
      millions(l.macs.executed),
      l.milliseconds.toFixed(2),
    ]),
  );
}

function formatTimings({ timings }: ImageReport): string {
  const rows = [
    ['wasm', timings.wasm],
    ['dynconv, every pixel', timings.dense],
    ['dynconv', timings.dynconv],
    ['captured, every pixel', timings.capturedDense],
    ['captured', timings.captured],
  ] as const;
  return formatTable(
    ['one prediction', 'median ms', 'quartiles', 'runs'],
    rows.flatMap(([name, t]) =>
      t
        ? [[name, t.median.toFixed(1), `${t.lower.toFixed(1)}-${t.upper.toFixed(1)}`, `${t.runs}`]]
        : [],
    ),
  );
}

function formatGains({ gains }: ImageReport): string {
  const parts = [`${times(gains.theoretical)} in theory (all MACs over executed ones)`];
  if (gains.overDense !== undefined) parts.push(`${times(gains.overDense)} over every pixel`);
  if (gains.overWasm !== undefined) parts.push(`${times(gains.overWasm)} over wasm`);
  const gain = `Gain: ${parts.join(', ')}`;
  if (gains.capturedOverDense === undefined || gains.capturedOverWasm === undefined) return gain;
  return (
    `${gain}\nCaptured: ${times(gains.capturedOverDense)} over every pixel, ` +
    `${times(gains.capturedOverWasm)} over wasm`
  );
}

function formatAgreement({ agreement }: ImageReport): string {
  if (!agreement) return '';
  const { agree, difference, tolerance } = agreement;
  const error =
    difference === null
      ? 'not every value is finite'
      : `largest difference ${difference.toExponential(1)} of the largest value`;
  return agree
    ? `wasm and dynconv agree: ${error}`
    : `wasm and dynconv DIFFER: ${error}, more than ${tolerance.toExponential(0)}`;
}

function formatJoints({ joints }: ImageReport, minScore: number): string {
  if (!joints) return '';
  const all = Object.entries({ ...joints.mpii, ...joints.coco });
  const missing = all.filter(([, { found }]) => !found).map(([name]) => name);
  const found = `${all.length - missing.length} of ${all.length} joints found`;
  return missing.length === 0
    ? found
    : `${found}; with a score below ${minScore} or outside of the image: ${missing.join(', ')}`;
}

function millions(macs: number): string {
  return (macs / 1e6).toFixed(1);
}

function times(gain: number): string {
  return `${gain.toFixed(2)}x`;
}
