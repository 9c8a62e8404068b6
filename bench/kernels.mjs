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
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { transformSync } from 'esbuild';
import { fmaPeak } from './fma-peak.mjs';

const ROOT = new URL('../', import.meta.url);
const RUN_MILLISECONDS = 1.5;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '25' }, json: { type: 'boolean', default: false } },
});
const filter = positionals[0] ?? '';

const { code } = transformSync(readFileSync(new URL('kernels/command.ts', ROOT), 'utf8'), {
  loader: 'ts',
});
const { Word } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const memory = new WebAssembly.Memory({ initial: 2048, maximum: 65536 });
let top = 1024;

function alloc(bytes) {
  const address = top;
  top = (top + bytes + 63) & ~63;
  if (top > memory.buffer.byteLength) throw new Error('out of memory');
  return address;
}

function placeFloats(count) {
  const address = alloc(count * 4);
  const values = new Float32Array(memory.buffer, address, count);
  for (let i = 0; i < count; i++) values[i] = Math.random() - 0.5;
  return address;
}

function placeInts(values) {
  const address = alloc(values.length * 4);
  new Int32Array(memory.buffer, address, values.length).set(values);
  return address;
}

function placeCommand(fields) {
  const words = new Int32Array(Word.Count);
  const floats = new Float32Array(words.buffer);
  const defaults = {
    ...{ InMask: -1, In2Mask: -1, OutMask: -1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1 },
    ...{ KernelH: 1, KernelW: 1, Zero: zero, RowBlock: 64 },
  };
  for (const [name, value] of Object.entries({ ...defaults, ...fields })) words[Word[name]] = value;
  floats[Word.Min] = fields.Min ?? 0;
  floats[Word.Max] = fields.Max ?? 6;
  return placeInts(words);
}

const scratch = alloc(65536);
const zero = alloc(16384);

/** A random share of the pixels, and its table of rows. */
function placeSet(total, density) {
  const pixels = [];
  const rowOf = new Array(total).fill(-1);
  for (let p = 0; p < total; p++) {
    if (Math.random() < density) rowOf[p] = pixels.push(p) - 1;
  }
  return { rows: pixels.length, pixels: placeInts(pixels), rowOf: placeInts(rowOf) };
}

function windowFields(height, width, kernel, stride = 1) {
  return {
    ...{ InH: height, InW: width, OutH: height / stride, OutW: width / stride },
    ...{ KernelH: kernel, KernelW: kernel, StrideH: stride, StrideW: stride },
    ...{ PadTop: kernel >> 1, PadLeft: kernel >> 1 },
  };
}

/** A convolution by an indirect matrix product; with a density, on compact rows. */
function convolution(kernel, size, from, to, height, width, density = 1) {
  const taps = size * size;
  const set = density < 1 ? placeSet(height * width, density) : undefined;
  const rows = set?.rows ?? height * width;
  const weights = placeFloats(taps * from * to);
  const panel = Number(kernel.split('x').pop());
  const pack = (exports) => {
    const shape = [taps, from, to];
    const [bytes, panels] =
      panel === 1
        ? [exports.packed_igemm_x1_bytes, exports.pack_igemm_x1]
        : [exports.packed_igemm_bytes.bind(null, panel), exports.pack_igemm.bind(null, panel)];
    const packed = alloc(bytes(...shape));
    panels(weights, 0, ...shape, packed);
    return packed;
  };
  const command = placeCommand({
    ...{ InBase: placeFloats(rows * from), InStride: from * 4, InChannels: from },
    ...{ OutBase: placeFloats(rows * to), OutStride: to * 4, OutChannels: to },
    ...{ OutPixels: set?.pixels ?? 0, InRowOf: set?.rowOf ?? 0 },
    ...windowFields(height, width, size),
    Weights: pack(modules.simd),
  });
  const name = `${size}x${size} ${from} -> ${to}, ${rows} rows${set ? ' of a set' : ''}`;
  return { kernel, name, command, rows, flop: 2 * rows * taps * from * to };
}

/** A depthwise convolution; with a density, on compact rows. */
function depthwise(size, channels, height, width, { density = 1, stride = 1 } = {}) {
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
  return { kernel: 'f32_dwconv_4x8', name, command, rows, flop: 2 * rows * taps * channels };
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

async function instantiate(variant) {
  const bytes = readFileSync(new URL(`dist/dynconv-${variant}.wasm`, ROOT));
  return (await WebAssembly.instantiate(bytes, { env: { memory } })).instance.exports;
}

if (Number(process.versions.node.split('.')[0]) < 22) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
}
const modules = { simd: await instantiate('simd'), relaxed: await instantiate('relaxed-simd') };
const peaks = { simd: await fmaPeak(false), relaxed: await fmaPeak(true) };

const pool2 = { KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2 };
const cases = [
  ...['f32_igemm_4x8', 'f32_igemm_4x16'].flatMap((kernel) => [
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
  depthwise(3, 576, 4, 16),
  depthwise(3, 576, 32, 32),
  depthwise(3, 96, 64, 64),
  depthwise(3, 576, 32, 32, { density: 0.25 }),
  depthwise(3, 576, 32, 32, { stride: 2 }),
  depthwise(5, 240, 32, 32),
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
