import { Command } from '../arrays/command.js';
import type { Placement } from '../arrays/command.js';
import type { Band } from '../arrays/job.js';
import type { Token } from '../arrays/lanes.js';
import type { Runtime } from '../arrays/runtime.js';
import { bandsOf } from './bands.js';
import type { Rows } from './rows.js';
import { scheduleBand, stagesOf } from './strips.js';
import type { Stage, StageRange } from './strips.js';

/**
 * Gives `rows`, if they are pending, to the lanes, together with the pending rows that they read.
 * Afterwards they own a block with all of their rows, which are in memory once `rows.token` has come.
 * @throws OutOfMemoryError
 */
export function compute(rows: Rows): void {
  if (!rows.producer) return;
  const { runtime } = rows;
  const { arena, lanes } = runtime;
  const stages = stagesOf(rows);
  for (const { producer } of stages) producer.prepare?.();
  const sink = allocateRows(runtime, rows.set.count, rows.stride);
  const cuts = bandsOf(stages, lanes.ready);
  const temporaries: number[] = [];
  const bands = cuts.slice(1).map((to, index): Band => {
    const ranges = scheduleBand(stages, cuts[index], to);
    const placements = stages.map((stage, at) =>
      stage.rows === rows ? { pointer: sink, stride: rows.stride } : ring(stage, ranges[at]),
    );
    for (const { pointer } of placements) if (pointer !== sink) temporaries.push(pointer);
    const commands = arena.allocate(stages.length * Command.bytes);
    temporaries.push(commands);
    return placeBand(stages, ranges, placements, commands);
  });
  const token = lanes.post(
    {
      stages: stages.map(({ producer: { kernel, record } }) => ({ kernel, clock: record })),
      bands,
      array: arrayOf(stages),
    },
    inputsToken(stages),
  );
  for (const pointer of temporaries) arena.free(pointer);
  for (const stage of stages) finish(stage, stages);
  rows.pointer = sink;
  rows.token = token;
}

/** The PE array of a stream: the first, if a layer of it is of the main path. */
function arrayOf(stages: readonly Stage[]): 0 | 1 {
  return stages.some(({ entry }) => entry.array === 0) ? 0 : 1;
}

function allocateRows({ arena }: Runtime, count: number, stride: number): number {
  return arena.allocate(Math.max(count * stride, 4));
}

/** A ring of a power of two of rows, enough for those of a stage that are alive at once. */
function ring({ rows }: Stage, { span }: StageRange): Placement {
  const count = 2 ** Math.ceil(Math.log2(Math.max(span, 1)));
  const pointer = allocateRows(rows.runtime, count, rows.stride);
  return { pointer, stride: rows.stride, mask: count - 1 };
}

/** Writes the commands of a band's stages one after the other. */
function placeBand(
  stages: readonly Stage[],
  ranges: readonly StageRange[],
  placements: readonly Placement[],
  address: number,
): Band {
  const commands = stages.map((stage, index) => {
    const command = address + index * Command.bytes;
    const placementOf = (rows: Rows): Placement =>
      placements[stages.findIndex((other) => other.rows === rows)] ?? rows;
    placeCommand(stage, placements[index], placementOf, command);
    return command;
  });
  const ends: number[] = [];
  const strips = ranges[0].ends.length;
  for (let strip = 0; strip < strips; strip++)
    for (const range of ranges) ends.push(range.ends[strip]);
  return { commands, starts: ranges.map(({ start }) => start), ends };
}

function placeCommand(
  { rows, producer }: Stage,
  output: Placement,
  placementOf: (rows: Rows) => Placement,
  address: number,
): void {
  const { runtime, set } = rows;
  const { command, inputs } = producer;
  const [first, second] = inputs;
  // Row by row over one set, nobody needs to know which pixels the rows are of.
  const isRowwise = producer.window === null && inputs.every((input) => input.set === set);
  command.output(output, isRowwise ? 0 : set.pixels);
  let longest = 0;
  if (first) {
    command.input(placementOf(first), isRowwise ? 0 : first.set.rowOf);
    longest = first.stride;
  }
  if (second) {
    command.secondInput(placementOf(second), isRowwise ? 0 : second.set.rowOf);
    longest = Math.max(longest, second.stride);
  }
  command.zero(runtime.zeros(longest)).place(runtime.heap, address);
}

/** When all that the stages read, and that is not of them, is in memory. */
function inputsToken(stages: readonly Stage[]): Token {
  let latest: Token = 0;
  for (const { producer } of stages) {
    for (const { token } of producer.inputs) latest = Math.max(latest, token);
    for (const { token } of producer.weights ?? []) latest = Math.max(latest, token);
  }
  return latest;
}

/** A stage is with the lanes: what it reads is released. */
function finish({ rows, producer }: Stage, stages: readonly Stage[]): void {
  rows.producer = null;
  const isStage = (input: Rows): boolean => stages.some((stage) => stage.rows === input);
  for (const input of producer.inputs) if (!isStage(input)) input.release();
  for (const weights of producer.weights ?? []) weights.release();
  if (stages[stages.length - 1].rows !== rows) rows.set.release();
}
