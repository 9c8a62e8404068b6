import type { RowKernelName } from '../memory/kernels.js';
import type { Rows } from './rows.js';
import { needed } from './strips.js';
import type { Stage } from './strips.js';

/*
 * How a stream is cut for the lanes: the rows of its last operation into bands of about the
 * same work. A band computes its halo for itself, so fewer are better; more let lanes that come late take
 * less.
 */

/** Multiply-accumulates that a lane does in a nanosecond. */
const MACS_PER_NS = 20;
/** Values that a lane moves in a nanosecond. */
const VALUES_PER_NS = 1.5;
/** A band should not be shorter than this: another thread hears of it after some microseconds. */
const SHORTEST_BAND_NS = 30_000;
/** The calling thread begins its band, the last one, later than workers do: it has just posted the job. */
const LEAD_NS = 60_000;
/** Where the calling thread computes by itself, and others on it are to have turns: a band is about that long. */
const TURN_NS = 3_000_000;
/** Bands for each lane: more would let one that comes late take fewer, but each has a halo of its own. */
const BANDS_A_LANE = 1;

const MATRIX_PRODUCTS: ReadonlySet<RowKernelName> = new Set<RowKernelName>([
  'f32_igemm_4x8',
  'f32_igemm_4x16',
  'f32_igemm_1x32',
  'f32_igemm_4x1',
]);

/** About how long a lane takes for a row of a stage, in nanoseconds. */
function rowCost({ rows: { channels }, producer }: Stage): number {
  const taps = producer.window?.taps ?? 1;
  if (!MATRIX_PRODUCTS.has(producer.kernel)) return (taps * channels) / VALUES_PER_NS;
  return (taps * producer.inputs[0].channels * channels) / MACS_PER_NS;
}

/** About how long a lane takes for the rows of all stages that rows [0, end) of the last one need. */
function costUntil(stages: readonly Stage[], costs: readonly number[], end: number): number {
  const ends = new Map<Rows, number>();
  let cost = 0;
  for (let index = stages.length - 1; index >= 0; index--) {
    const { rows, producer } = stages[index];
    const until = ends.get(rows) ?? end;
    cost += until * costs[index];
    for (let input = 0; input < producer.inputs.length; input++) {
      ends.set(producer.inputs[input], needed(producer, rows.set, input, until));
    }
  }
  return cost;
}

/** The first row of each band of the last stage, and one past the last row, for so many lanes. */
export function bandsOf(stages: readonly Stage[], lanes: number): number[] {
  const { count } = stages[stages.length - 1].rows.set;
  if (lanes < 2) return [0, count];
  const fewest = Math.min(...stages.map(({ entry: { temporal } }) => temporal.bandRows));
  const most = Math.min(lanes * BANDS_A_LANE, Math.floor(count / fewest));
  const costs = stages.map(rowCost);
  const total = costUntil(stages, costs, count);
  const bands = Math.min(most, Math.floor(total / SHORTEST_BAND_NS));
  return cut(stages, costs, total + LEAD_NS, bands);
}

/** The same for the calling thread alone, which lets others have their turns between bands. */
export function turnsOf(stages: readonly Stage[]): number[] {
  const { count } = stages[stages.length - 1].rows.set;
  const costs = stages.map(rowCost);
  const total = costUntil(stages, costs, count);
  return cut(stages, costs, total, Math.ceil(total / TURN_NS));
}

/** Cuts the rows of the last stage into at most so many bands, of about the same share of the cost. */
function cut(
  stages: readonly Stage[],
  costs: readonly number[],
  total: number,
  bands: number,
): number[] {
  const { rows, entry } = stages[stages.length - 1];
  const { count } = rows.set;
  const cuts = [0];
  for (let band = 1; band < bands; band++) {
    let low = cuts[cuts.length - 1];
    let high = count;
    while (high - low > entry.tileRows) {
      const middle = (low + high) >>> 1;
      if (costUntil(stages, costs, middle) < (total * band) / bands) low = middle;
      else high = middle;
    }
    const end = Math.floor(high / entry.tileRows) * entry.tileRows;
    if (end > cuts[cuts.length - 1] && end < count) cuts.push(end);
  }
  cuts.push(count);
  return cuts;
}
