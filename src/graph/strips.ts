import type { Band } from '../arrays/job.js';
import { routeElementwise } from '../arrays/routing.js';
import type { Entry } from '../arrays/table.js';
import { rowCost } from './cost.js';
import type { Producer, Rows } from './rows.js';

/*
 * The temporal mapping of a stream: which rows of which operation are computed when.
 *
 * A stream is a chain of operations whose rows are pending. The rows of the last one are cut into
 * bands, which are independent of one another, and a band into strips. For each strip, every
 * operation computes just the rows that the next one needs of it, into a ring that is large enough for
 * one strip and its halo. So what passes between the operations of a block stays in the cache, memory
 * does not grow with the image, and nothing is computed twice but a band's halo.
 */

/** A strip of a layer by itself is about that long, if it can be cut. */
const LONGEST_STRIP_NS = 1_000_000;

/** One operation of a stream, and how the unrolling table maps it. */
export interface Stage {
  readonly rows: Rows;
  readonly producer: Producer;
  readonly entry: Entry;
  /** For each input the stage that hands it on; -1 for one that is in memory. */
  readonly sources: readonly number[];
}

/** What a band computes, and the most rows of each stage that are alive at once. */
export interface ScheduledBand extends Band {
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

/**
 * The band that computes rows [from, to) of a stage that hands nothing on, as most of a network of small
 * layers do. It is in strips only so that whoever runs it can lay it aside between two.
 */
function scheduleAlone(stage: Stage, from: number, to: number): ScheduledBand {
  const { rows, producer, entry } = stage;
  const { tileRows, temporal } = entry;
  const most = Math.max(temporal.bandRows, LONGEST_STRIP_NS / rowCost(rows, producer));
  const step = Math.ceil(most / tileRows) * tileRows;
  const ends: number[] = [];
  for (let end = from + step; end < to; end += step) ends.push(end);
  ends.push(to);
  return { starts: [from], ends, spans: [to - from] };
}

/** The band that computes rows [from, to) of the last stage: what of every stage, strip by strip. */
export function scheduleBand(stages: readonly Stage[], from: number, to: number): ScheduledBand {
  const count = stages.length;
  if (count === 1) return scheduleAlone(stages[0], from, to);
  const sink = count - 1;
  const starts = new Array<number>(count).fill(0);
  const spans = new Array<number>(count).fill(0);
  starts[sink] = from;
  spans[sink] = to - from;
  for (let index = sink; index >= 0; index--) {
    const { producer, rows, sources } = stages[index];
    for (let input = 0; input < sources.length; input++) {
      const source = sources[input];
      if (source >= 0) starts[source] = firstNeeded(producer, rows.set, input, starts[index]);
    }
  }
  const step = stripRows(stages);
  const ends: number[] = [];
  // Where the ends of the strip lie, and those before: for the first strip, where the band starts.
  let last: readonly number[] = starts;
  let before = 0;
  for (let strip = 0, end = from; strip === 0 || end < to; strip++) {
    end = Math.min(end + step, to);
    const at = strip * count;
    for (let index = 0; index < count; index++) ends.push(end);
    for (let index = sink; index >= 0; index--) {
      const { rows, producer, sources } = stages[index];
      for (let input = 0; input < sources.length; input++) {
        const source = sources[input];
        if (source < 0) continue;
        const { tileRows } = stages[source].entry;
        const start = starts[source];
        // A little ahead: a strip that ends in the middle of a tile would waste the rest of it.
        const wanted = needed(producer, rows.set, input, ends[at + index]) - start;
        const tiles = start + Math.ceil(wanted / tileRows) * tileRows;
        const done = last[before + source];
        const until = Math.max(done, Math.min(tiles, producer.inputs[input].set.count));
        ends[at + source] = until;
        const first = Math.min(done, firstNeeded(producer, rows.set, input, last[before + index]));
        spans[source] = Math.max(spans[source], until - first);
      }
    }
    last = ends;
    before = at;
  }
  return { starts, ends, spans };
}
