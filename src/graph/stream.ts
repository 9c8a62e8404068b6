import { Command } from '../arrays/command.js';
import { runRows } from '../arrays/lanes.js';
import { routeElementwise } from '../arrays/routing.js';
import type { Entry } from '../arrays/table.js';
import type { Runtime } from '../memory/runtime.js';
import type { Producer, Rows } from './rows.js';

/**
 * Computes pending rows together with the pending rows that they read, in strips.
 *
 * A strip is a range of rows of the last operation. For each strip, every operation computes just the
 * rows that the next one needs of it, into a ring that is large enough for one strip and its halo.
 * So what passes between the operations of a block stays in the cache, nothing is computed twice,
 * and memory does not grow with the image.
 */

/** How a stage is mapped, as far as strips go. */
type Mapping = Pick<Entry, 'tileRows' | 'temporal'>;

/** One operation of a stream: its rows, and how many of them each strip computes. */
interface Stage {
  readonly rows: Rows;
  readonly producer: Producer;
  readonly mapping: Mapping;
  /** Rows computed after each strip. */
  readonly ends: number[];
  /** The most rows that are alive at once. */
  span: number;
}

/** Pending rows beneath `rows`, inputs first, `rows` last. */
function stagesOf(rows: Rows): Stage[] {
  const stages: Stage[] = [];
  const visit = (at: Rows): void => {
    if (!at.producer) return;
    for (const input of at.producer.inputs) visit(input);
    const mapping = at.producer.entry ?? elementwiseEntry(at);
    stages.push({ rows: at, producer: at.producer, mapping, ends: [], span: 0 });
  };
  visit(rows);
  return stages;
}

function elementwiseEntry({ channels, set }: Rows): Entry {
  return routeElementwise(channels, set.total, set.count / set.total);
}

/** How many rows of its input `index` the producer's rows before row `end` need. */
function needed(producer: Producer, set: Rows['set'], index: number, end: number): number {
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
  if (start >= set.count) return input.set.count;
  const pixel = set.pixelAt(start);
  const windowed = index === 0 && producer.window !== null;
  if (!windowed && input.set === set) return start;
  return input.set.rank(windowed && producer.window ? producer.window.firstInput(pixel) : pixel);
}

/** Rows of the last operation in one strip: whole tiles, as many as the stages' mappings allow. */
function stripRows(stages: Stage[]): number {
  let bytes = 0;
  let most = Infinity;
  let least = 0;
  let tile = 1;
  for (const { rows, mapping } of stages) {
    bytes += rows.stride;
    most = Math.min(most, mapping.temporal.stripBytes);
    least = Math.max(least, mapping.temporal.stripRows);
    tile = Math.max(tile, mapping.tileRows);
  }
  return Math.max(tile, least, Math.floor(most / bytes / tile) * tile);
}

/** Fills in `ends` and `span` of every stage: which rows each strip computes. */
function schedule(stages: Stage[]): number {
  const sink = stages[stages.length - 1];
  const count = sink.rows.set.count;
  const step = stages.length === 1 ? count : stripRows(stages);
  const byRows = new Map(stages.map((stage) => [stage.rows, stage]));
  let strips = 0;
  for (let end = Math.min(step, count); strips === 0 || end > sink.ends[strips - 1];) {
    sink.ends.push(end);
    for (let i = stages.length - 1; i >= 0; i--) {
      const { rows, producer, ends } = stages[i];
      const from = strips === 0 ? 0 : ends[strips - 1];
      const to = ends[strips];
      producer.inputs.forEach((input, index) => {
        const stage = byRows.get(input);
        if (!stage) return;
        const before = strips === 0 ? 0 : stage.ends[strips - 1];
        // A little ahead: a strip that ends in the middle of a tile would waste the rest of it.
        const { tileRows } = stage.mapping;
        const tiles = Math.ceil(needed(producer, rows.set, index, to) / tileRows) * tileRows;
        const until = Math.max(before, Math.min(tiles, input.set.count));
        stage.ends.push(until);
        const first = Math.min(before, firstNeeded(producer, rows.set, index, from));
        stage.span = Math.max(stage.span, until - first);
      });
    }
    strips++;
    end = Math.min(end + step, count);
  }
  sink.span = count;
  return strips;
}

/** Where a stage's rows lie while the stream runs; the mask is -1 where all of them do. */
interface Block {
  pointer: number;
  stride: number;
  mask: number;
}

/** The smallest power of two that is not below `count`. */
function ringRows(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(count, 1)));
}

/** Where a stage's rows lie: all of them, or a ring of a power of two of them. */
function placeRows(runtime: Runtime, stage: Stage): Block {
  const { rows, span } = stage;
  const ring = ringRows(span);
  const whole = ring >= rows.set.count;
  const bytes = Math.max((whole ? rows.set.count : ring) * rows.stride, 4);
  const pointer = runtime.arena.allocate(bytes);
  return { pointer, stride: rows.stride, mask: whole ? -1 : ring - 1 };
}

/**
 * Computes `rows`, if they are pending. Afterwards they own a block with all of their rows.
 * @throws OutOfMemoryError
 */
export function compute(rows: Rows): void {
  if (!rows.producer) return;
  const { runtime } = rows;
  const stages = stagesOf(rows);
  const strips = schedule(stages);
  const blocks = new Map<Rows, Block>();
  const commands = runtime.arena.allocate(stages.length * Command.bytes);
  stages.forEach((stage, index) => {
    const block = placeRows(runtime, stage);
    blocks.set(stage.rows, block);
    placeCommand(stage, blocks, commands + index * Command.bytes);
  });
  for (let strip = 0; strip < strips; strip++) {
    for (let index = 0; index < stages.length; index++) {
      const { ends, producer } = stages[index];
      const from = strip === 0 ? 0 : ends[strip - 1];
      const to = ends[strip];
      if (to === from) continue;
      const command = commands + index * Command.bytes;
      runRows(runtime, producer.kernel, command, from, to, producer.record);
    }
  }
  runtime.arena.free(commands);
  for (const stage of stages) finish(runtime, stage, rows, blocks);
}

function placeCommand({ rows, producer }: Stage, blocks: Map<Rows, Block>, pointer: number): void {
  const { runtime, set } = rows;
  const { command, inputs } = producer;
  producer.prepare?.();
  const [first, second] = inputs;
  // Row by row over one set, nobody needs to know which pixels the rows are of.
  const isRowwise = producer.window === null && inputs.every((input) => input.set === set);
  command.output(blocks.get(rows) ?? rows, isRowwise ? 0 : set.pixels);
  let longest = 0;
  if (first) {
    command.input(blocks.get(first) ?? first, isRowwise ? 0 : first.set.rowOf);
    longest = first.stride;
  }
  if (second) {
    command.secondInput(blocks.get(second) ?? second, isRowwise ? 0 : second.set.rowOf);
    longest = Math.max(longest, second.stride);
  }
  command.zero(runtime.zeros(longest)).place(runtime.heap, pointer);
}

/** A stage has run: the last one keeps its block, the others' rings are freed. */
function finish(runtime: Runtime, stage: Stage, last: Rows, blocks: Map<Rows, Block>): void {
  const { rows, producer } = stage;
  const pointer = blocks.get(rows)?.pointer ?? 0;
  rows.producer = null;
  if (rows === last) rows.pointer = pointer;
  else runtime.arena.free(pointer);
  for (const input of producer.inputs) if (!blocks.has(input)) input.release();
  for (const weights of producer.weights ?? []) weights.release();
  if (rows !== last) rows.set.release();
}
