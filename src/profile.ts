import { engine, env, util } from '@tensorflow/tfjs-core';
import type { DataId } from '@tensorflow/tfjs-core';
import { DynconvBackend } from './backend.js';
import { MOST_LANES } from './arrays/control.js';
import type { LayerRecord } from './graph/record.js';
import { Profiler, activate } from './profiler.js';
import { timelineOf } from './timeline/timeline.js';
import type { Timeline } from './timeline/timeline.js';
import { weightName } from './weight-names.js';

/** What one layer did. Shapes are NHWC. */
export interface LayerProfile {
  /** The kernel's name, such as FusedConv2D. */
  name: string;
  /** What computed it: a microkernel such as f32_igemm_6x8; empty when nothing had to be. */
  variant: string;
  inputShapes: number[][];
  outputShape: number[];
  /** Multiply-accumulates: of all output pixels, and of those that were computed. */
  macs: { total: number; executed: number };
  /** Output pixels: all, and those that were computed. */
  pixels: { total: number; active: number };
  /** What lanes spent in its kernels, added up. */
  milliseconds: number;
  /** The same with DYNCONV_SKIP false. */
  denseMilliseconds: number;
  /** All of its pixels over those that were computed; null when none was. */
  theoreticalGain: number | null;
  /** Dense over skipping time; null when no time was spent. */
  measuredGain: number | null;
  /** Data id of a convolution's filter, by which the model's weight can be found. */
  filter?: DataId;
  /** The filter's name, where `nameLayers` has made it known. */
  weight?: string;
  /** With `pixelMaps`: how often each output pixel was computed, in row-major order. */
  computed?: Uint8Array;
}

/** What ran inside the function given to `profile`. */
export interface Profile<T> {
  result: T;
  layers: LayerProfile[];
  macs: { total: number; executed: number };
  /** Median time with skipping. */
  milliseconds: number;
  /** Median time with DYNCONV_SKIP false: every pixel, the same kernels. */
  denseMilliseconds: number;
  /** Total over executed multiply-accumulates. */
  theoreticalGain: number;
  /** Dense over skipping time. */
  measuredGain: number;
  /** What each lane of the virtual PE arrays did when, in one run with skipping. */
  timeline: Timeline;
}

export interface ProfileOptions {
  /** Also collect, layer by layer, which pixels were computed. */
  pixelMaps?: boolean;
  /** Timed runs of each kind, in turn, after one that is not timed. */
  repeats?: number;
}

/** A profile is under way. */
let isUnderWay = false;

/**
 * Runs `f` with and without skipping and tells what its layers did and how long they took.
 *
 * `f` runs several times (twice for each repeat, and four times more), so it must not depend on being
 * called once; the result is that of its last run, the others' are disposed.
 * @throws Error when the current backend is not dynconv, while another profile is under way, and when `repeats` is no
 * positive whole number
 */
export async function profile<T>(
  f: () => T | Promise<T>,
  { pixelMaps = false, repeats = 3 }: ProfileOptions = {},
): Promise<Profile<T>> {
  const backend = engine().backend;
  if (!(backend instanceof DynconvBackend)) {
    throw new Error(`profile: the backend is '${engine().backendName}'; set 'dynconv' first.`);
  }
  if (!Number.isInteger(repeats) || repeats < 1) {
    throw new Error(`profile: repeats is ${String(repeats)}; it must be a positive whole number.`);
  }
  if (isUnderWay) {
    throw new Error('profile: another one is under way; await its end first.');
  }
  isUnderWay = true;
  const times: Record<'skip' | 'dense', number[]> = { skip: [], dense: [] };
  const skip = env().getBool('DYNCONV_SKIP');
  try {
    for (let run = 0; run <= repeats; run++) {
      for (const kind of ['dense', 'skip'] as const) {
        env().set('DYNCONV_SKIP', kind === 'skip');
        const time = await timeOnce(f, backend);
        if (run > 0) times[kind].push(time);
      }
    }
    env().set('DYNCONV_SKIP', false);
    const dense = await record(() => timeOnce(f, backend), backend, false);
    env().set('DYNCONV_SKIP', true);
    const { result, records, timeline } = await record(f, backend, pixelMaps);
    const layers = records.map((layer, number) => describe(layer, dense.records[number]));
    const summary = summarize(layers, median(times.skip), median(times.dense));
    return { result, layers, ...summary, timeline };
  } finally {
    env().set('DYNCONV_SKIP', skip);
    isUnderWay = false;
  }
}

/** Runs `f` once, and notes what its layers and the lanes did. */
async function record<T>(
  f: () => T | Promise<T>,
  backend: DynconvBackend,
  pixelMaps: boolean,
): Promise<{ result: T; records: LayerRecord[]; timeline: Timeline }> {
  const { lanes } = backend.runtime;
  const { recorder } = lanes;
  const profiler = new Profiler(pixelMaps);
  const before = activate(profiler);
  recorder.begin(MOST_LANES + 1);
  try {
    const result = await f();
    backend.flush();
    const { lost } = recorder;
    const calls = recorder.take();
    for (const { clock, start, end } of calls) if (clock) clock.milliseconds += end - start;
    const records = profiler.layers;
    const timeline = timelineOf(calls, records, { lanes: Math.max(lanes.ready, 1), lost });
    return { result, records, timeline };
  } finally {
    recorder.end();
    activate(before);
  }
}

async function timeOnce(f: () => unknown, backend: DynconvBackend): Promise<number> {
  engine().startScope('profile');
  try {
    const start = util.now();
    await f();
    backend.flush();
    return util.now() - start;
  } finally {
    engine().endScope();
  }
}

function describe(record: LayerRecord, dense: LayerRecord | undefined): LayerProfile {
  const { name, variant, inputShapes, outputShape, milliseconds, filter, computed } = record;
  const { totalPixels, activePixels } = record;
  const denseMilliseconds = dense?.milliseconds ?? 0;
  const weight = filter ? weightName({ dataId: filter }) : undefined;
  return {
    name,
    variant,
    inputShapes,
    outputShape,
    macs: { total: record.totalMacs, executed: activePixels * record.macsPerPixel },
    pixels: { total: totalPixels, active: activePixels },
    milliseconds,
    denseMilliseconds,
    theoreticalGain: activePixels > 0 ? totalPixels / activePixels : null,
    measuredGain: milliseconds > 0 ? denseMilliseconds / milliseconds : null,
    ...(filter && { filter }),
    ...(weight !== undefined && { weight }),
    ...(computed && { computed }),
  };
}

function summarize(layers: LayerProfile[], milliseconds: number, denseMilliseconds: number) {
  const macs = { total: 0, executed: 0 };
  for (const layer of layers) {
    macs.total += layer.macs.total;
    macs.executed += layer.macs.executed;
  }
  return {
    macs,
    milliseconds,
    denseMilliseconds,
    theoreticalGain: macs.executed > 0 ? macs.total / macs.executed : 1,
    measuredGain: denseMilliseconds / milliseconds,
  };
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
