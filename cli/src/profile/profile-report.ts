import { z } from 'zod';
import { commonFolder } from '../common-folder.js';
import { formatTable, percent } from '../table.js';

const count = z.number().int().nonnegative();
const milliseconds = z.number().nonnegative();
const counts = z.strictObject({ total: count, executed: count });
const array = z.literal([0, 1]);
const share = z.strictObject({
  busy: milliseconds.describe('in kernels, added up over the lanes'),
  waiting: milliseconds,
  utilization: z.number().min(0).max(1),
});

const layer = z.strictObject({
  operation: z.string(),
  weight: z.string().optional(),
  kernel: z.string().describe('empty when nothing had to be computed'),
  outputShape: z.array(count),
  pixels: z.strictObject({ total: count, active: count }),
  macs: counts,
  milliseconds: milliseconds.describe('in its kernels, added up over the lanes'),
  denseMilliseconds: milliseconds.describe('the same with every pixel computed'),
  waiting: milliseconds.describe('what lanes waited just before its kernels'),
  lanes: count.describe('lanes that worked on it'),
  theoreticalGain: z.number().nullable().describe('null when nothing was computed'),
  measuredGain: z.number().nullable(),
});

/** The document that `dynconv profile --json` prints. */
export const profileReport = z.strictObject({
  command: z.literal('profile'),
  version: z.string(),
  environment: z.strictObject({ runtime: z.string(), relaxedSimd: z.boolean(), lanes: count }),
  model: z.strictObject({
    path: z.string(),
    format: z.enum(['graph-model', 'layers-model']),
    name: z.string().optional(),
    inputs: z.array(
      z.strictObject({ name: z.string(), shape: z.array(count), source: z.string() }),
    ),
  }),
  runs: count.describe('timed runs, of which the medians are given'),
  milliseconds,
  denseMilliseconds: milliseconds,
  macs: counts,
  gains: z.strictObject({ theoretical: z.number(), measured: z.number() }),
  timeline: share.extend({
    milliseconds: milliseconds.describe('from the first kernel to the end of the last, of one run'),
    arrays: z.array(share.extend({ array, lanes: count, work: milliseconds })),
    lanes: z.array(share.extend({ lane: count, array, helping: milliseconds })),
    kernels: count.describe('kernel calls'),
    lost: count.describe('kernel calls that there was no room to note'),
  }),
  layers: z.array(layer),
  others: z
    .strictObject({ busy: milliseconds, waiting: milliseconds, lanes: count })
    .describe('work that belongs to no layer, such as additions'),
  trace: z.string().optional(),
  chart: z.string().optional(),
});

export type ProfileReport = z.infer<typeof profileReport>;

/** A profile as text. */
export function formatProfile(report: ProfileReport): string {
  return [
    formatHead(report),
    formatTimeline(report),
    formatLayers(report),
    formatTotals(report),
  ].join('\n\n');
}

function formatHead({ model, environment }: ProfileReport): string {
  const { runtime, relaxedSimd, lanes } = environment;
  return [
    `${model.name ?? model.path} (${model.format})`,
    ...model.inputs.map(({ name, shape, source }) => `${name} [${shape.join(', ')}]: ${source}`),
    `${runtime}, ${relaxedSimd ? 'relaxed' : 'plain'} SIMD, ` +
      `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`,
  ].join('\n');
}

function formatTimeline({ timeline }: ProfileReport): string {
  const rows: string[][] = [];
  for (const array of timeline.arrays) {
    const { lanes, work } = array;
    rows.push([
      `PE array ${array.array}`,
      ...shareCells(array),
      `${work.toFixed(2)} ms of work, ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`,
    ]);
    for (const lane of timeline.lanes) {
      if (lane.array !== array.array) continue;
      const helping = `${lane.helping.toFixed(2)} ms of it for the other array`;
      rows.push([`  lane ${lane.lane}`, ...shareCells(lane), helping]);
    }
  }
  rows.push(['all', ...shareCells(timeline), `in ${timeline.milliseconds.toFixed(2)} ms`]);
  return formatTable(['', 'busy ms', 'waiting ms', 'utilization', ''], rows);
}

function shareCells({ busy, waiting, utilization }: z.infer<typeof share>): string[] {
  return [busy.toFixed(2), waiting.toFixed(2), percent(utilization, 1)];
}

function formatLayers({ layers, others }: ProfileReport): string {
  const prefix = commonFolder(layers.flatMap(({ weight }) => weight ?? []));
  const gain = (value: number | null): string => (value === null ? '-' : `${value.toFixed(2)}x`);
  const rows = layers.map((layer) => [
    layer.weight?.slice(prefix.length) ?? layer.operation,
    layer.kernel || '-',
    layer.outputShape.join('x'),
    percent(layer.pixels.active, layer.pixels.total),
    layer.milliseconds.toFixed(2),
    layer.waiting.toFixed(2),
    String(layer.lanes),
    gain(layer.theoreticalGain),
    gain(layer.measuredGain),
  ]);
  const { busy, waiting, lanes } = others;
  rows.push([
    ...['work of no layer', '-', '-', '-', busy.toFixed(2), waiting.toFixed(2)],
    ...[String(lanes), '-', '-'],
  ]);
  return formatTable(
    ['layer', 'kernel', 'output', 'computed', 'ms', 'waiting', 'lanes', 'theory', 'measured'],
    rows,
  );
}

function formatTotals(report: ProfileReport): string {
  const { macs, gains, timeline, trace, chart } = report;
  return [
    `${percent(macs.executed, macs.total)} of ${(macs.total / 1e6).toFixed(1)} million ` +
      `multiply-accumulates executed`,
    `${report.milliseconds.toFixed(2)} ms a run; with every pixel computed ` +
      `${report.denseMilliseconds.toFixed(2)} ms (medians of ${report.runs})`,
    `Gain: ${gains.theoretical.toFixed(2)}x in theory, ${gains.measured.toFixed(2)}x measured`,
    ...(timeline.lost > 0
      ? [`The timeline lacks ${timeline.lost} kernel calls: there was no room to note them.`]
      : []),
    ...(trace === undefined ? [] : [`Trace: ${trace} (open it at ui.perfetto.dev)`]),
    ...(chart === undefined ? [] : [`Chart: ${chart}`]),
  ].join('\n');
}
