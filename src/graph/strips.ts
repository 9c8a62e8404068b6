import { MOST_STRIPS } from '../arrays/job.js';
import type { Strips } from '../arrays/job.js';
import { routeElementwise } from '../arrays/routing.js';
import type { Entry } from '../arrays/table.js';
import { rowCost } from './cost.js';
import type { Producer, Rows } from './rows.js';

/*
 * The temporal mapping of a stream: which rows of which operation are computed when.
 *
 * A stream is a chain of operations whose rows are pending. The rows of the last one are cut into
 * strips. For each strip, every operation computes just the rows that the next one needs of it, into a ring
 * that is large enough for a strip and its halo. So what passes between the operations of a block stays in
 * the cache, and memory does not grow with the image. Two lanes that share a stream begin at its two ends; nothing
 * is computed twice but the halo where they meet.
 */

/** A strip of a layer by itself is about that long, if it can be cut. */
const LONGEST_STRIP_NS = 1_000_000;
/** Where lanes share rows, strips are so short that there are about so many of them, */
const SHARED_STRIPS = 64;
/** but none shorter than this: a lane takes a fraction of a microsecond to get one. */
const SHORTEST_STRIP_NS = 25_000;

/** One operation of a stream, and how the unrolling table maps it. */
export interface Stage {
  readonly rows: Rows;
  readonly producer: Producer;
  readonly entry: Entry;
  /** For each input the stage that hands it on; -1 for one that is in memory. */
  readonly sources: readonly number[];
}

/** Where a stream is cut: behind every `step` rows of its last operation. */
export interface Cut {
  readonly step: number;
  /** The number of strips. */
  readonly count: number;
  /** The most strips that a lane takes at once. */
  readonly most: number;
}

/** The strips of a stream, and the most rows of each stage that a lane needs at once. */
export interface Schedule extends Strips {
  readonly count: number;
  readonly spans: readonly number[];
}

/** Pending rows beneath `rows`, inputs first, `rows` last. */
export function stagesOf(rows: Rows): Stage[] {
  const stages: Stage[] = [];
  addStage(rows, stages);
  return stages;
}

/** Adds the stage of `rows`, behind those that it reads, and tells its place; -1 if they are computed. */
function addStage(rows: Rows, stages: Stage[]): number {
  const { producer } = rows;
  if (!producer) return -1;
  const sources = producer.inputs.map((input) => addStage(input, stages));
  return stages.push({ rows, producer, entry: producer.entry ?? elementwise(rows), sources }) - 1;
}

function elementwise({ channels, set }: Rows): Entry {
  return routeElementwise(channels, set.total, set.count / set.total);
}

/** How many rows of its input `index` the producer's rows before row `end` need. */
export function needed(producer: Producer, set: Rows['set'], index: number, end: number): number {
  const input = producer.inputs[index];
  if (end === 0) return 0;
  if (end === set.count) return input.set.count;
  const pixel = set.pixelAt(end - 1);
  const windowed = index === 0 && producer.window !== null;
  if (!windowed && input.set === set) return end;
  return input.set.rank(windowed && producer.window ? producer.window.lastInput(pixel) : pixel + 1);
}

/** The first row of its input `index` that the producer's rows from row `start` on still need. */
function firstNeeded(producer: Producer, set: Rows['set'], index: number, start: number): number {
  const input = producer.inputs[index];
  if (start === 0) return 0;
  if (start >= set.count) return input.set.count;
  const pixel = set.pixelAt(start);
  const windowed = index === 0 && producer.window !== null;
  if (!windowed && input.set === set) return start;
  return input.set.rank(windowed && producer.window ? producer.window.firstInput(pixel) : pixel);
}

/** Rows of the last operation in one strip: whole tiles, as many as the stages' mappings allow. */
function stripRows(stages: readonly Stage[]): number {
  const [{ rows: first, producer, entry: only }] = stages;
  if (stages.length === 1) {
    const most = Math.max(only.temporal.bandRows, LONGEST_STRIP_NS / rowCost(first, producer));
    return Math.ceil(most / only.tileRows) * only.tileRows;
  }
  let bytes = 0;
  let most = Infinity;
  let least = 0;
  let tile = 1;
  for (const { rows, entry } of stages) {
    bytes += rows.stride;
    most = Math.min(most, entry.temporal.stripBytes);
    least = Math.max(least, entry.temporal.stripRows);
    tile = Math.max(tile, entry.tileRows);
  }
  return Math.max(tile, least, Math.floor(most / bytes / tile) * tile);
}

/** Into how many strips one of `step` rows is cut where lanes share the stream, which takes `cost` nanoseconds. */
function partsOf(step: number, count: number, tile: number, cost: number): number {
  const wanted = Math.min(SHARED_STRIPS, Math.floor(cost / SHORTEST_STRIP_NS));
  const rows = Math.max(tile, count / Math.max(wanted, 1));
  return Math.max(1, Math.floor(step / (Math.ceil(rows / tile) * tile)));
}

/**
 * Where to cut a stream into strips.
 * @param cost of the stream, in nanoseconds, where lanes share it; 0 where they do not
 */
export function cutOf(stages: readonly Stage[], cost: number): Cut {
  const { rows, entry } = stages[stages.length - 1];
  const { count } = rows.set;
  const whole = stripRows(stages);
  const most = cost === 0 ? 1 : partsOf(whole, count, entry.tileRows, cost);
  const fewest = Math.ceil(count / MOST_STRIPS);
  const step = Math.max(Math.ceil(whole / most / entry.tileRows) * entry.tileRows, fewest);
  return { step, count: Math.max(1, Math.ceil(count / step)), most };
}

/** The rows of every stage that the strips of a stream need. */
export function schedule(stages: readonly Stage[], cut: Cut): Schedule {
  const { count } = stages[stages.length - 1].rows.set;
  return stages.length === 1 ? cutAlone(count, cut) : cutStream(stages, cut);
}

/** How many rows of every stage both need that meet in the middle of a stream. */
export function haloRows(stages: readonly Stage[], { step, count }: Cut): number[] {
  const until = new Array<number>(stages.length).fill(0);
  const from = new Array<number>(stages.length).fill(Infinity);
  addBorder(stages, (count >> 1) * step, 0, until, from);
  return until.map((end, stage) => Math.max(0, end - from[stage]));
}

/** Strips of a stage that hands nothing on, as most of a network of small layers do. */
function cutAlone(rows: number, { step, count, most }: Cut): Schedule {
  const until = [0];
  for (let end = step; end < rows; end += step) until.push(end);
  until.push(rows);
  return { count, until, from: until, most, spans: [0] };
}

/** Strips of `step` rows of the last stage: what of every stage, border by border. */
function cutStream(stages: readonly Stage[], { step, count, most }: Cut): Schedule {
  const stageCount = stages.length;
  const rows = stages[stageCount - 1].rows.set.count;
  const words = (count + 1) * stageCount;
  const until = new Array<number>(words).fill(0);
  const from = new Array<number>(words).fill(Infinity);
  for (let border = 0; border <= count; border++) {
    addBorder(stages, Math.min(border * step, rows), border * stageCount, until, from);
  }
  const spans = stages.map((_, stage) => spanOf(stage, stageCount, until, from, most));
  return { count, until, from, most, spans };
}

/** The border before row `row` of the last stage: its rows of every stage, written at `at`. */
function addBorder(
  stages: readonly Stage[],
  row: number,
  at: number,
  until: number[],
  from: number[],
): void {
  const sink = stages.length - 1;
  until[at + sink] = row;
  from[at + sink] = row;
  for (let index = sink; index >= 0; index--) {
    const { rows, producer, sources } = stages[index];
    for (let input = 0; input < sources.length; input++) {
      const source = sources[input];
      if (source < 0) continue;
      const { tileRows } = stages[source].entry;
      const { count } = producer.inputs[input].set;
      // Whole tiles: a strip that ends in the middle of one would waste the rest of it.
      const end = needed(producer, rows.set, input, until[at + index]);
      const tiles = Math.min(Math.ceil(end / tileRows) * tileRows, count);
      until[at + source] = Math.max(until[at + source], tiles);
      const start = firstNeeded(producer, rows.set, input, from[at + index]);
      const first = start < count ? Math.floor(start / tileRows) * tileRows : count;
      from[at + source] = Math.min(from[at + source], first);
    }
  }
}

/** The most rows of a stage that a lane which takes up to `most` strips at once needs at once. */
function spanOf(
  stage: number,
  stages: number,
  until: readonly number[],
  from: readonly number[],
  most: number,
): number {
  let span = 1;
  for (let at = stage; at < until.length; at += stages) {
    const end = Math.min(at + most * stages, until.length - stages + stage);
    const last = Math.max(until[end], from[end]);
    span = Math.max(span, last - Math.min(until[at], from[at]));
  }
  return span;
}
