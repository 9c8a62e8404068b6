/** Measures this machine's microkernels and temporal mappings, and writes an unrolling table. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { setUnrollingTable } from 'tfjs-backend-dynconv';
import type { LayerClass, TemporalMapping } from '../../src/arrays/table.js';
import { programOptions, say } from './host.js';

/** An entry as it stands in a table's file. */
interface FileEntry {
  match: { layer: LayerClass } & Record<string, unknown>;
  array: 0 | 1;
  kernel?: string;
  temporal?: Partial<TemporalMapping>;
}

/** Something to run: a layer or several, on the backend that is current. */
type Run = () => void;

/** A way of mapping: what a table says of the layers that are run. */
type Way = Pick<FileEntry, 'kernel' | 'temporal'>;

const START: TemporalMapping = {
  ...{ rowBlock: 96, stripBytes: 262144, stripRows: 48, bandRows: 8, foldWidth: false },
};
/** What the search of the temporal mapping tries, one after the other. */
const TEMPORAL_CHOICES = {
  stripBytes: [65536, 131072, 262144, 524288, 1048576],
  stripRows: [24, 48, 96],
  rowBlock: [24, 48, 96, 192],
} as const;
/** What is not faster by this share is no reason to differ. */
const WORTHWHILE = 0.03;
const ROUNDS = 25;
const SLICE_MILLISECONDS = 2;

const options = programOptions();
tf.env().set('DYNCONV_LANES', 1);
await tf.setBackend('dynconv');
const bits = tf.env().getNumber('DYNCONV_VECTOR_BITS');

/** The milliseconds of `run` mapped in each way, in turns: the fastest of many slices. */
function race(layer: LayerClass, ways: readonly Way[], run: Run, temporal = START): number[] {
  const best = ways.map(() => Infinity);
  const calls = ways.map(() => 1);
  for (let round = 0; round < ROUNDS; round++) {
    ways.forEach((way, index) => {
      const entries = [{ match: { layer }, array: 0, ...way }];
      setUnrollingTable({ hardware: 'a trial', vectorBits: bits, temporal, entries });
      const start = performance.now();
      for (let call = 0; call < calls[index]; call++) run();
      const time = (performance.now() - start) / calls[index];
      best[index] = Math.min(best[index], time);
      calls[index] = Math.max(1, Math.round(SLICE_MILLISECONDS / best[index]));
    });
  }
  setUnrollingTable(null);
  return best;
}

/** The place of the way that holds: the first, unless another is faster by enough. */
function winner(times: readonly number[]): number {
  const fastest = times.indexOf(Math.min(...times));
  return times[fastest] < times[0] * (1 - WORTHWHILE) ? fastest : 0;
}

/** A convolution of random values, which runs when it is called. */
function convolution(size: number, from: number, to: number, side: number, stride = 1): Run {
  const x = tf.randomUniform<tf.Rank.R4>([1, side, side, from], -1, 1);
  const filter = tf.randomUniform<tf.Rank.R4>([size, size, from, to], -1, 1);
  return () => {
    tf.tidy(() => tf.conv2d(x, filter, stride, 'same')).dataSync();
  };
}

/** A depthwise convolution of random values, which runs when it is called. */
function depthwise(size: number, channels: number, side: number): Run {
  const x = tf.randomUniform<tf.Rank.R4>([1, side, side, channels], -1, 1);
  const filter = tf.randomUniform<tf.Rank.R4>([size, size, channels, 1], -1, 1);
  return () => {
    tf.tidy(() => tf.depthwiseConv2d(x, filter, 1, 'same')).dataSync();
  };
}

/** An inverted residual block of the published network: 1x1, depthwise 3x3, 1x1. */
function block(side: number, channels: number): Run {
  const hidden = 6 * channels;
  const x = tf.randomUniform<tf.Rank.R4>([1, side, side, channels], -1, 1);
  const expand = tf.randomUniform<tf.Rank.R4>([1, 1, channels, hidden], -1, 1);
  const spatial = tf.randomUniform<tf.Rank.R4>([3, 3, hidden, 1], -1, 1);
  const project = tf.randomUniform<tf.Rank.R4>([1, 1, hidden, channels], -1, 1);
  return () => {
    tf.tidy(() => {
      const wide = tf.clipByValue(tf.conv2d(x, expand, 1, 'same'), 0, 6);
      const mixed = tf.clipByValue(tf.depthwiseConv2d(wide, spatial, 1, 'same'), 0, 6);
      return tf.conv2d(mixed, project, 1, 'same');
    }).dataSync();
  };
}

const kernelsOf = (...kernels: string[]): Way[] => kernels.map((kernel) => ({ kernel }));

/** The kernel for many pixels and channels. */
function chooseGeneral(): string {
  const ways = kernelsOf('f32_igemm_6x8', 'f32_igemm_6x16');
  const times = race('1x1', ways, convolution(1, 96, 576, 32));
  say(`many pixels and channels: 6x8 ${times[0].toFixed(3)} ms, 6x16 ${times[1].toFixed(3)} ms`);
  return ways[winner(times)].kernel!;
}

/** The most of `counts`, from the first on, for which `other` is faster than `general`; 0: none. */
function mostFor(
  layer: LayerClass,
  [general, other]: readonly [Way, Way],
  counts: readonly number[],
  make: (count: number) => Run,
): number {
  let most = 0;
  for (const count of counts) {
    const times = race(layer, [general, other], make(count));
    say(
      `${layer}, ${JSON.stringify(other)} with ${count}: ${(times[0] / times[1]).toFixed(2)} times as fast`,
    );
    if (winner(times) === 0) break;
    most = count;
  }
  return most;
}

/** One number of the temporal mapping after the other, each by what it makes of a block. */
function chooseTemporal(kernel: string): TemporalMapping {
  const run = block(64, 96);
  let temporal = START;
  for (const field of Object.keys(TEMPORAL_CHOICES) as (keyof typeof TEMPORAL_CHOICES)[]) {
    const values = [
      temporal[field],
      ...TEMPORAL_CHOICES[field].filter((v) => v !== temporal[field]),
    ];
    const ways = values.map((value) => ({ kernel, temporal: { ...temporal, [field]: value } }));
    const times = race('1x1', ways, run);
    say(`${field}: ${values.map((v, i) => `${v} ${times[i].toFixed(2)} ms`).join(', ')}`);
    temporal = { ...temporal, [field]: values[winner(times)] };
  }
  return temporal;
}

/** The entries of the convolutions over all channels. */
function chooseConvolutions(kernel: string): FileEntry[] {
  const general = { kernel };
  const few = { kernel: 'f32_igemm_4x1' };
  const entries: FileEntry[] = [];
  const fold = { ...general, temporal: { foldWidth: true } };
  const folded = mostFor('kxk', [general, fold], [1, 2, 3, 4, 8, 16], (from) =>
    convolution(7, from, 24, 128, 2),
  );
  const foldable = { inChannels: [1, folded] };
  const fewest = [1, 2, 3, 4, 5, 6];
  for (const [layer, size] of [
    ['1x1', 1],
    ['kxk', 3],
  ] as const) {
    const most = mostFor(layer, [general, few], fewest.slice(1), (to) =>
      convolution(size, 96, to, 32),
    );
    const narrow = { layer, outChannels: [1, most] };
    if (size > 1 && folded > 0 && most > 0) {
      entries.push({
        match: { ...narrow, ...foldable },
        array: 0,
        ...few,
        temporal: fold.temporal,
      });
    }
    if (most > 0) entries.push({ match: narrow, array: 0, ...few });
    const vector = { kernel: 'f32_igemm_1x32' };
    const sides = size === 1 ? [1, 2, 3] : [1];
    const side = mostFor(layer, [general, vector], sides, (n) => convolution(size, 320, 320, n));
    if (side > 0) entries.push({ match: { layer, pixels: [1, side ** 2] }, array: 0, ...vector });
    if (size > 1 && folded > 0) {
      entries.push({ match: { layer, ...foldable }, array: 0, ...fold });
    }
    entries.push({ match: { layer }, array: 0, ...general });
  }
  const decisions = [few, general];
  const decision = decisions[winner(race('decision', decisions, convolution(1, 96, 1, 64)))];
  if (folded > 0) {
    const match = { layer: 'decision', taps: [2, null], ...foldable } as const;
    entries.unshift({ match, array: 1, ...decision, temporal: fold.temporal });
  }
  entries.push({ match: { layer: 'decision' }, array: 1, ...decision });
  return entries;
}

/** The entry of the depthwise convolutions. */
function chooseDepthwise(): FileEntry {
  const ways = kernelsOf('f32_dwconv_8x4', 'f32_dwconv_8x8');
  const times = race('depthwise', ways, depthwise(3, 576, 32));
  say(`depthwise: 8x4 ${times[0].toFixed(3)} ms, 8x8 ${times[1].toFixed(3)} ms`);
  return { match: { layer: 'depthwise' }, array: 1, ...ways[winner(times)] };
}

/** The classes with one microkernel each, and the elementwise ones. */
const REST: FileEntry[] = [
  { match: { layer: 'maxpool' }, array: 1, kernel: 'f32_maxpool' },
  { match: { layer: 'avgpool' }, array: 1, kernel: 'f32_avgpool' },
  { match: { layer: 'mean' }, array: 1, kernel: 'f32_mean' },
  { match: { layer: 'elementwise' }, array: 1 },
];

/** A table as text, an entry a line. */
function format(temporal: TemporalMapping, entries: readonly FileEntry[]): string {
  const inline = (value: unknown): string =>
    JSON.stringify(value, null, 1).replace(/\n */g, ' ').replace(/\[ /g, '[').replace(/ \]/g, ']');
  const lines = entries.map((entry) => `    ${inline(entry)}`);
  const hardware = `${cpus()[0]?.model ?? 'a core'}, ${bits}-bit vectors, measured by npm run tune`;
  return `{
  "hardware": ${JSON.stringify(hardware)},
  "vectorBits": ${bits},
  "temporal": ${inline(temporal)},
  "entries": [
${lines.join(',\n')}
  ]
}
`;
}

const kernel = chooseGeneral();
const temporal = chooseTemporal(kernel);
const text = format(temporal, [...chooseConvolutions(kernel), chooseDepthwise(), ...REST]);
setUnrollingTable(JSON.parse(text));
if (options.out === undefined) process.stdout.write(text);
else writeFileSync(options.out, text);
