import { routeElementwise } from '../arrays/routing.js';
import type { Entry } from '../arrays/table.js';
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

/** One operation of a stream, and how the unrolling table maps it. */
export interface Stage {
  readonly rows: Rows;
  readonly producer: Producer;
  readonly entry: Entry;
}

/** What a band computes of a stage. */
export interface StageRange {
  /** The first row. */
  start: number;
  /** One past the last row of each strip. */
  readonly ends: number[];
  /** The most rows that are alive at once. */
  span: number;
}

/** Pending rows beneath `rows`, inputs first, `rows` last. */
export function stagesOf(rows: Rows): Stage[] {
  const stages: Stage[] = [];
  const visit = (at: Rows): void => {
    if (!at.producer) return;
    for (const input of at.producer.inputs) visit(input);
    stages.push({ rows: at, producer: at.producer, entry: at.producer.entry ?? elementwise(at) });
  };
  visit(rows);
  return stages;
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

/** The band that computes rows [from, to) of the last stage: what of every stage, strip by strip. */
export function scheduleBand(stages: readonly Stage[], from: number, to: number): StageRange[] {
  // Most streams of a network of small layers: what follows is for those that hand rows on.
  if (stages.length === 1) return [{ start: from, ends: [to], span: to - from }];
  const sink = stages.length - 1;
  const number = new Map(stages.map(({ rows }, index) => [rows, index]));
  const ranges = stages.map((): StageRange => ({ start: 0, ends: [], span: 0 }));
  ranges[sink].start = from;
  for (let index = sink; index >= 0; index--) {
    const { producer, rows } = stages[index];
    producer.inputs.forEach((input, operand) => {
      const source = ranges[number.get(input) ?? -1];
      if (source) source.start = firstNeeded(producer, rows.set, operand, ranges[index].start);
    });
  }
  const step = stripRows(stages);
  for (let strip = 0, end = from; strip === 0 || end < to; strip++) {
    end = Math.min(end + step, to);
    ranges[sink].ends.push(end);
    for (let index = sink; index >= 0; index--) {
      const { rows, producer } = stages[index];
      const range = ranges[index];
      const begin = strip === 0 ? range.start : range.ends[strip - 1];
      producer.inputs.forEach((input, operand) => {
        const at = number.get(input);
        if (at === undefined) return;
        const source = ranges[at];
        const { tileRows } = stages[at].entry;
        const before = strip === 0 ? source.start : source.ends[strip - 1];
        // A little ahead: a strip that ends in the middle of a tile would waste the rest of it.
        const wanted = needed(producer, rows.set, operand, range.ends[strip]) - source.start;
        const tiles = source.start + Math.ceil(wanted / tileRows) * tileRows;
        const until = Math.max(before, Math.min(tiles, input.set.count));
        source.ends.push(until);
        const first = Math.min(before, firstNeeded(producer, rows.set, operand, begin));
        source.span = Math.max(source.span, until - first);
      });
    }
  }
  ranges[sink].span = to - from;
  return ranges;
}
