import { Command } from '../arrays/command.js';
import type { Placement } from '../arrays/command.js';
import { InWorkspace } from '../arrays/job.js';
import type { Stage as JobStage } from '../arrays/job.js';
import type { Token } from '../arrays/lanes.js';
import { bandsOf, computedApart, costOf, lanesForStream } from './bands.js';
import type { Rows } from './rows.js';
import { cutOf, schedule, stagesOf } from './strips.js';
import type { Stage } from './strips.js';

const NONE: readonly Rows[] = [];

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
  const cost = costOf(stages);
  const ends = lanesForStream(stages, cost, lanes.ready);
  const cut = cutOf(stages, ends > 1 ? cost : 0);
  const apart = ends > 1 ? computedApart(stages, cut, ends) : [];
  if (apart.length > 0) {
    for (const input of apart) compute(input);
    compute(rows);
    return;
  }
  const strips = schedule(stages, cut);
  for (const { producer } of stages) producer.prepare?.();
  const pointer = arena.allocate(Math.max(rows.set.count * rows.stride, 4));
  const { placements, workspace } = placeRows(stages, strips.spans, pointer);
  const commands = arena.allocate(stages.length * Command.bytes);
  const token = lanes.post(
    {
      stages: stages.map((stage, index): JobStage => {
        const { kernel, record } = stage.producer;
        const command = commands + index * Command.bytes;
        const inWorkspace = placeCommand(stage, placements[index], placements, command);
        return { kernel, command, inWorkspace, clock: record };
      }),
      strips,
      bands: bandsOf(stages, strips, ends),
      ends,
      array: arrayOf(stages),
      workspace,
    },
    inputsTokens(stages),
  );
  arena.free(commands);
  for (const stage of stages) finish(stage, stage.rows === rows, token);
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
  spans: readonly number[],
  sink: number,
): { placements: Placement[]; workspace: number } {
  const placements: Placement[] = [];
  let workspace = stages.length * Command.bytes;
  for (let index = 0; index < stages.length - 1; index++) {
    const { stride } = stages[index].rows;
    const ring = 2 ** Math.ceil(Math.log2(spans[index]));
    placements.push({ pointer: workspace, stride, mask: ring - 1 });
    workspace += Math.ceil((ring * stride) / ALIGNMENT) * ALIGNMENT;
  }
  placements.push({ pointer: sink, stride: stages[stages.length - 1].rows.stride });
  return { placements, workspace: stages.length > 1 ? workspace : 0 };
}

/** Writes the command of a stage; returns which of its operands lie in a lane's workspace. */
function placeCommand(
  { rows, producer, sources }: Stage,
  output: Placement,
  placements: readonly Placement[],
  address: number,
): number {
  const { runtime, set } = rows;
  const { command, inputs } = producer;
  // Row by row over one set, nobody needs to know which pixels the rows are of.
  const isRowwise = producer.window === null && inputs.every((input) => input.set === set);
  let flags = output.mask === undefined ? 0 : InWorkspace.Output;
  command.output(output, isRowwise ? 0 : set.pixels);
  let longest = 0;
  if (inputs.length > 0) {
    const [first] = inputs;
    const isHandedOn = sources[0] >= 0;
    if (isHandedOn) flags |= InWorkspace.Input;
    command.input(isHandedOn ? placements[sources[0]] : first, isRowwise ? 0 : first.set.rowOf);
    longest = first.stride;
  }
  if (inputs.length > 1) {
    const [, second] = inputs;
    const isHandedOn = sources[1] >= 0;
    if (isHandedOn) flags |= InWorkspace.SecondInput;
    const placement = isHandedOn ? placements[sources[1]] : second;
    command.secondInput(placement, isRowwise ? 0 : second.set.rowOf);
    longest = Math.max(longest, second.stride);
  }
  command.zero(runtime.zeros(longest)).place(runtime.heap, address);
  return flags;
}

/** When what the stages read, and that is not of them, is in memory. */
function inputsTokens(stages: readonly Stage[]): Token[] {
  const tokens: Token[] = [];
  const add = ({ token }: Rows): void => {
    if (token !== 0 && !tokens.includes(token)) tokens.push(token);
  };
  for (const { producer } of stages) {
    producer.inputs.forEach(add);
    producer.weights?.forEach(add);
  }
  return tokens;
}

/** A stage is with the lanes as part of the job before `token`: what it reads is released. */
function finish({ rows, producer, sources }: Stage, isLast: boolean, token: Token): void {
  rows.producer = null;
  for (let input = 0; input < sources.length; input++) {
    if (sources[input] < 0) producer.inputs[input].releaseAfter(token);
  }
  for (const weights of producer.weights ?? NONE) {
    if (producer.prepare) weights.release();
    else weights.releaseAfter(token);
  }
  // The rows of all but the last stage, which have a ring, are gone.
  if (!isLast) rows.set.release();
}
