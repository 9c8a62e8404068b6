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

const NO_RINGS: ReadonlyMap<Rows, Placement> = new Map();

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
  rows.pointer = arena.allocate(Math.max(rows.set.count * rows.stride, 4));
  const { rings, workspace } = placeRings(stages, bands);
  const commands = arena.allocate(stages.length * Command.bytes);
  const token = lanes.post(
    {
      stages: stages.map((stage, index): JobStage => {
        const { kernel, record } = stage.producer;
        const command = commands + index * Command.bytes;
        const inWorkspace = placeCommand(stage, rings, command);
        return { kernel, command, inWorkspace, clock: record };
      }),
      bands: bands.map(bandOf),
      array: arrayOf(stages),
      workspace,
    },
    inputsTokens(stages),
  );
  arena.free(commands);
  for (const stage of stages) finish(stage, rings, token);
  rows.token = token;
}

/** The PE array of a stream: the first, if a layer of it is of the main path. */
function arrayOf(stages: readonly Stage[]): 0 | 1 {
  return stages.some(({ entry }) => entry.array === 0) ? 0 : 1;
}

/**
 * Where the rows of all stages but the last lie: in rings in the workspace of whichever lane runs a
 * band. A ring is a power of two of rows.
 */
function placeRings(
  stages: readonly Stage[],
  bands: readonly StageRange[][],
): { rings: ReadonlyMap<Rows, Placement>; workspace: number } {
  if (stages.length === 1) return { rings: NO_RINGS, workspace: 0 };
  const rings = new Map<Rows, Placement>();
  let workspace = stages.length * Command.bytes;
  for (const [index, { rows }] of stages.slice(0, -1).entries()) {
    let span = 1;
    for (const ranges of bands) span = Math.max(span, ranges[index].span);
    const ring = 2 ** Math.ceil(Math.log2(span));
    rings.set(rows, { pointer: workspace, stride: rows.stride, mask: ring - 1 });
    workspace += Math.ceil((ring * rows.stride) / ALIGNMENT) * ALIGNMENT;
  }
  return { rings, workspace };
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
  rings: ReadonlyMap<Rows, Placement>,
  address: number,
): number {
  const { runtime, set } = rows;
  const { command, inputs } = producer;
  const [first, second] = inputs;
  // Row by row over one set, nobody needs to know which pixels the rows are of.
  const isRowwise = producer.window === null && inputs.every((input) => input.set === set);
  const ring = rings.get(rows);
  let flags = ring ? InWorkspace.Output : 0;
  command.output(ring ?? rows, isRowwise ? 0 : set.pixels);
  let longest = 0;
  if (first) {
    const placement = rings.get(first);
    if (placement) flags |= InWorkspace.Input;
    command.input(placement ?? first, isRowwise ? 0 : first.set.rowOf);
    longest = first.stride;
  }
  if (second) {
    const placement = rings.get(second);
    if (placement) flags |= InWorkspace.SecondInput;
    command.secondInput(placement ?? second, isRowwise ? 0 : second.set.rowOf);
    longest = Math.max(longest, second.stride);
  }
  command.zero(runtime.zeros(longest)).place(runtime.heap, address);
  return flags;
}

/** When what the stages read, and that is not of them, is in memory. */
function inputsTokens(stages: readonly Stage[]): Token[] {
  const tokens: Token[] = [];
  const note = ({ token }: Rows): void => {
    if (token !== 0 && !tokens.includes(token)) tokens.push(token);
  };
  for (const { producer } of stages) {
    producer.inputs.forEach(note);
    producer.weights?.forEach(note);
  }
  return tokens;
}

/** A stage is with the lanes as part of the job before `token`: what it reads is released. */
function finish(
  { rows, producer }: Stage,
  rings: ReadonlyMap<Rows, Placement>,
  token: Token,
): void {
  rows.producer = null;
  for (const input of producer.inputs) if (!rings.has(input)) input.releaseAfter(token);
  for (const weights of producer.weights ?? []) weights.releaseAfter(token);
  // The rows of all but the last stage, which have a ring, are gone.
  if (rings.has(rows)) rows.set.release();
}
