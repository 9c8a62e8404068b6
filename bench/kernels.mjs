/**
 * The speed of each kernel alone, on typical shapes, beside the machine's peak of multiply-adds.
 *
 *     npm run build:kernels && node bench/kernels.mjs [FILTER] [--runs N] [--json]
 *
 * With node --experimental-wasm-revectorize from Node 24 on, vectors are 256 bits wide.
 *
 * Every run measures all kernels and the peak one after the other, so that what else the machine
 * does falls on all of them; printed are medians and the best run.
 */
import { parseArgs } from 'node:util';
import { fmaPeak } from './fma-peak.mjs';
import {
  modules,
  placeCommand,
  placeFloats,
  placeSet,
  placeWeights,
  scratch,
  windowFields,
} from './lib/kernel-harness.mjs';

const RUN_MILLISECONDS = 1.5;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '25' }, json: { type: 'boolean', default: false } },
});
const filter = positionals[0] ?? '';

/** A convolution by an indirect matrix product; with a density, on compact rows. */
function convolution(kernel, size, from, to, height, width, density = 1) {
  const taps = size * size;
  const set = density < 1 ? placeSet(height * width, density) : undefined;
  const rows = set?.rows ?? height * width;
  const command = placeCommand({
    ...{ InBase: placeFloats(rows * from), InStride: from * 4, InChannels: from },
    ...{ OutBase: placeFloats(rows * to), OutStride: to * 4, OutChannels: to },
    ...{ OutPixels: set?.pixels ?? 0, InRowOf: set?.rowOf ?? 0 },
    ...windowFields(height, width, size),
    Weights: placeWeights(kernel, taps, from, to),
  });
  const name = `${size}x${size} ${from} -> ${to}, ${rows} rows${set ? ' of a set' : ''}`;
  return { kernel, name, command, rows, flop: 2 * rows * taps * from * to };
}

/** A depthwise convolution; with a density, on compact rows. */
function depthwise(kernel, size, channels, height, width, { density = 1, stride = 1 } = {}) {
  const taps = size * size;
  const set = density < 1 ? placeSet(height * width, density) : undefined;
  const inRows = set?.rows ?? height * width;
  const rows = set?.rows ?? (height * width) / stride ** 2;
  const command = placeCommand({
    ...{ InBase: placeFloats(inRows * channels), InStride: channels * 4, InChannels: channels },
    ...{ OutBase: placeFloats(rows * channels), OutStride: channels * 4, OutChannels: channels },
    ...{ OutPixels: set?.pixels ?? 0, InRowOf: set?.rowOf ?? 0 },
    ...windowFields(height, width, size, stride),
    ...{ Weights: placeFloats(taps * channels), Bias: placeFloats(channels) },
  });
  const strides = stride > 1 ? ` stride ${stride}` : '';
  const name = `${size}x${size} ${channels}${strides}, ${rows} rows${set ? ' of a set' : ''}`;
  return { kernel, name, command, rows, flop: 2 * rows * taps * channels };
}

/** A kernel that is bound by memory: what counts is the bytes of rows that it reads and writes. */
function rowwise(kernel, channels, height, width, fields = {}, bytesPerOutput = 8) {
  const stride = fields.StrideH ?? 1;
  const rows = (height * width) / stride ** 2;
  const command = placeCommand({
    ...{ InBase: placeFloats(height * width * channels), InStride: channels * 4 },
    ...{ In2Base: placeFloats(rows * channels), In2Stride: channels * 4, InChannels: channels },
    ...{ OutBase: placeFloats(rows * channels), OutStride: channels * 4 },
    ...windowFields(height, width, 1, stride),
    ...{ PadTop: 0, PadLeft: 0, Weights: placeFloats(channels), Bias: placeFloats(channels) },
    ...fields,
  });
  const bytes = rows * channels * bytesPerOutput;
  return { kernel, name: `${channels} channels, ${rows} rows`, command, rows, bytes };
}

const peaks = { simd: await fmaPeak(false), relaxed: await fmaPeak(true) };

const pool2 = { KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2 };
const cases = [
  ...['f32_igemm_6x8', 'f32_igemm_6x16'].flatMap((kernel) => [
    convolution(kernel, 1, 96, 576, 32, 32),
    convolution(kernel, 1, 576, 96, 32, 32),
    convolution(kernel, 3, 96, 96, 32, 32),
    convolution(kernel, 3, 96, 96, 32, 32, 0.25),
    convolution(kernel, 1, 16, 96, 64, 64),
    convolution(kernel, 1, 96, 24, 64, 64),
    convolution(kernel, 1, 96, 20, 16, 16),
    convolution(kernel, 1, 960, 320, 1, 1),
  ]),
  convolution('f32_igemm_1x32', 1, 960, 320, 1, 1),
  convolution('f32_igemm_4x1', 1, 96, 1, 64, 64),
  convolution('f32_igemm_4x1', 3, 96, 1, 64, 64),
  ...['f32_dwconv_8x4', 'f32_dwconv_8x8'].flatMap((kernel) => [
    depthwise(kernel, 3, 576, 4, 16),
    depthwise(kernel, 3, 576, 32, 32),
    depthwise(kernel, 3, 96, 64, 64),
    depthwise(kernel, 3, 576, 32, 32, { density: 0.25 }),
    depthwise(kernel, 3, 576, 32, 32, { stride: 2 }),
    depthwise(kernel, 5, 240, 32, 32),
  ]),
  rowwise('f32_maxpool', 96, 64, 64, pool2, 20),
  rowwise('f32_avgpool', 96, 64, 64, pool2, 20),
  rowwise('f32_resize_nearest', 96, 64, 64),
  rowwise('f32_resize_bilinear', 96, 64, 64, { Param1: 1 }),
  rowwise('f32_add', 96, 64, 64, {}, 12),
  rowwise('f32_mul_pixel', 96, 64, 64, { In2Stride: 4 }),
  rowwise('f32_affine', 96, 64, 64),
  rowwise('f32_leaky', 96, 64, 64),
  rowwise('f32_add_at', 96, 64, 64, {}, 12),
  rowwise('rows_gather', 96, 64, 64),
].filter(({ kernel }) => kernel.includes(filter));

const results = cases.flatMap((test) =>
  Object.keys(modules).map((variant) => ({ ...test, variant, speeds: [], calls: 1 })),
);
const peakSpeeds = { simd: [], relaxed: [] };

/** Milliseconds of one call, over as many as make up a run. */
function time({ kernel, variant, command, rows, calls }) {
  const run = modules[variant][kernel];
  const start = performance.now();
  for (let i = 0; i < calls; i++) run(command, 0, rows, scratch);
  return (performance.now() - start) / calls;
}

// Until the engine has compiled everything for good.
for (let i = 0; i < 5; i++) {
  for (const result of results) {
    result.calls = Math.ceil(RUN_MILLISECONDS / time(result));
  }
}
for (let i = 0; i < Number(options.runs); i++) {
  for (const variant of Object.keys(peaks)) peakSpeeds[variant].push(peaks[variant]());
  for (const result of results) {
    result.speeds.push((result.flop ?? result.bytes) / time(result) / 1e6);
  }
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];
const best = (values) => Math.max(...values);

const peak = best(peakSpeeds.relaxed);
const table = results.map(({ kernel, name, variant, speeds, flop }) => ({
  ...{ kernel, shape: name, variant, unit: flop ? 'GFLOP/s' : 'GB/s' },
  ...{ median: median(speeds), best: best(speeds) },
  ...(flop && { medianOfPeak: median(speeds) / peak, bestOfPeak: best(speeds) / peak }),
}));
if (options.json) {
  process.stdout.write(`${JSON.stringify({ peak: peakSpeeds, results: table }, null, 2)}\n`);
} else {
  for (const [variant, speeds] of Object.entries(peakSpeeds)) {
    const figures = `median ${median(speeds).toFixed(1)}, best ${best(speeds).toFixed(1)}`;
    process.stdout.write(`peak of multiply-adds, ${variant}: ${figures} GFLOP/s\n`);
  }
  process.stdout.write('\n');
  const percent = (share) => `${Math.round(share * 100)}%`.padStart(4);
  for (const row of table) {
    const shares = row.medianOfPeak
      ? `  (${percent(row.medianOfPeak)},${percent(row.bestOfPeak)} of the peak)`
      : '';
    process.stdout.write(
      `${row.kernel.padEnd(20)} ${row.shape.padEnd(34)} ${row.variant.padEnd(8)}` +
        `${row.median.toFixed(1).padStart(6)},${row.best.toFixed(1).padStart(6)} ${row.unit}${shares}\n`,
    );
  }
}
