import { Command } from '../arrays/command.js';
import type { Placement } from '../arrays/command.js';
import { InWorkspace } from '../arrays/job.js';
import type { Band, Stage as JobStage } from '../arrays/job.js';
import type { Token } from '../arrays/lanes.js';
import { bandsOf, turnsOf } from './bands.js';
import type { Rows } from './rows.js';
import { scheduleBand, stagesOf } from './strips.js';
import type { Stage, StageRange } from './strips.js';

/** Rows in a workspace begin at multiples of this: a cache line. */
const ALIGNMENT = 64;

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
  const cuts = lanes.takesTurns ? turnsOf(stages) : bandsOf(stages, lanes.ready);
  const bands = cuts.slice(1).map((to, index) => scheduleBand(stages, cuts[index], to));
  const pointer = arena.allocate(Math.max(rows.set.count * rows.stride, 4));
  const { placements, workspace } = placeRows(stages, bands, pointer);
  const commands = arena.allocate(stages.length * Command.bytes);
  const token = lanes.post(
    {
      stages: stages.map((stage, index): JobStage => {
        const { kernel, record } = stage.producer;
        const command = commands + index * Command.bytes;
        const inWorkspace = placeCommand(stage, placements, command);
        return { kernel, command, inWorkspace, clock: record };
      }),
      bands: bands.map(bandOf),
      array: arrayOf(stages),
      workspace,
    },
    inputsTokens(stages),
  );
  arena.free(commands);
  for (const stage of stages) finish(stage, placements, token);
  rows.pointer = pointer;
  rows.token = token;
}

/** The PE array of a stream: the first, if a layer of it is of the main path. */
function arrayOf(stages: readonly Stage[]): 0 | 1 {
  return stages.some(({ entry }) => entry.array === 0) ? 0 : 1;
}

/**
 * Where the rows of the stages lie: those of the last one at `sink`, the others' in rings in the
 * workspace of whichever lane runs a band. A ring is a power of two of rows.
 */
function placeRows(
  stages: readonly Stage[],
  bands: readonly StageRange[][],
  sink: number,
): { placements: Map<Rows, Placement>; workspace: number } {
  const placements = new Map<Rows, Placement>();
  let workspace = stages.length * Command.bytes;
  for (const [index, { rows }] of stages.entries()) {
    if (index === stages.length - 1) {
      placements.set(rows, { pointer: sink, stride: rows.stride });
      continue;
    }
    let span = 1;
    for (const ranges of bands) span = Math.max(span, ranges[index].span);
    const ring = 2 ** Math.ceil(Math.log2(span));
    placements.set(rows, { pointer: workspace, stride: rows.stride, mask: ring - 1 });
    workspace += Math.ceil((ring * rows.stride) / ALIGNMENT) * ALIGNMENT;
  }
  return { placements, workspace: stages.length > 1 ? workspace : 0 };
}

function bandOf(ranges: readonly StageRange[]): Band {
  const ends: number[] = [];
  const strips = ranges[0].ends.length;
  for (let strip = 0; strip < strips; strip++) {
    for (const range of ranges) ends.push(range.ends[strip]);
  }
  return { starts: ranges.map(({ start }) => start), ends };
}

/** Writes the command of a stage; returns which of its operands lie in a lane's workspace. */
function placeCommand(
  { rows, producer }: Stage,
  placements: ReadonlyMap<Rows, Placement>,
  address: number,
): number {
  const { runtime, set } = rows;
  const { command, inputs } = producer;
  const [first, second] = inputs;
  // Row by row over one set, nobody needs to know which pixels the rows are of.
  const isRowwise = producer.window === null && inputs.every((input) => input.set === set);
  const output: Placement = placements.get(rows) ?? rows;
  let flags = output.mask === undefined ? 0 : InWorkspace.Output;
  command.output(output, isRowwise ? 0 : set.pixels);
  let longest = 0;
  if (first) {
    const placement = placements.get(first);
    if (placement) flags |= InWorkspace.Input;
    command.input(placement ?? first, isRowwise ? 0 : first.set.rowOf);
    longest = first.stride;
  }
  if (second) {
    const placement = placements.get(second);
    if (placement) flags |= InWorkspace.SecondInput;
    command.secondInput(placement ?? second, isRowwise ? 0 : second.set.rowOf);
    longest = Math.max(longest, second.stride);
  }
  command.zero(runtime.zeros(longest)).place(runtime.heap, address);
  return flags;
}

/** When what the stages read, and that is not of them, is in memory. */
function inputsTokens(stages: readonly Stage[]): Set<Token> {
  const tokens = new Set<Token>();
  for (const { producer } of stages) {
    for (const { token } of producer.inputs) if (token !== 0) tokens.add(token);
    for (const { token } of producer.weights ?? []) if (token !== 0) tokens.add(token);
  }
  return tokens;
}

/** A stage is with the lanes as part of the job before `token`: what it reads is released. */
function finish(
  { rows, producer }: Stage,
  placements: ReadonlyMap<Rows, Placement>,
  token: Token,
): void {
  rows.producer = null;
  for (const input of producer.inputs) if (!placements.has(input)) input.releaseAfter(token);
  for (const weights of producer.weights ?? []) weights.releaseAfter(token);
  // The rows of all but the last stage, which have a ring, are gone.
  if (placements.get(rows)?.mask !== undefined) rows.set.release();
}
