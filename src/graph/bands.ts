import { rowCost } from './cost.js';
import { needed } from './strips.js';
import type { Stage } from './strips.js';

/*
 * How a stream is cut for the lanes: the rows of its last operation into bands of about the
 * same work. A band computes its halo for itself, so fewer are better; more let lanes that come late take
 * less.
 */

/** A band should not be shorter than this: another thread hears of it after some microseconds. */
const SHORTEST_BAND_NS = 30_000;
/** The calling thread begins its band, the last one, later than workers do: it has just posted the job. */
const LEAD_NS = 60_000;
/** Bands for each lane: more would let one that comes late take fewer, but each has a halo of its own. */
const BANDS_A_LANE = 1;

/** Fewest rows of a band of rows that cost all the same. */
const FEWEST_ROWS = 8;

/** How many bands rows that cost all the same are cut into, if they take `cost` nanoseconds in all. */
export function evenBands(rows: number, cost: number, lanes: number): number {
  const most = Math.min(Math.floor(rows / FEWEST_ROWS), Math.floor(cost / SHORTEST_BAND_NS));
  return Math.max(1, Math.min(lanes, most));
}

/** About how long a lane takes for the rows of all stages that rows [0, end) of the last one need. */
function costUntil(
  stages: readonly Stage[],
  costs: readonly number[],
  ends: number[],
  end: number,
): number {
  let cost = 0;
  ends[stages.length - 1] = end;
  for (let index = stages.length - 1; index >= 0; index--) {
    const { rows, producer, sources } = stages[index];
    const until = ends[index];
    cost += until * costs[index];
    for (let input = 0; input < sources.length; input++) {
      const source = sources[input];
      if (source >= 0) ends[source] = needed(producer, rows.set, input, until);
    }
  }
  return cost;
}

/** The first row of each band of the last stage, and one past the last row, for so many lanes. */
export function bandsOf(stages: readonly Stage[], lanes: number): number[] {
  const { rows, entry } = stages[stages.length - 1];
  const { count } = rows.set;
  let fewest = Infinity;
  for (const { entry: mapped } of stages) fewest = Math.min(fewest, mapped.temporal.bandRows);
  const most = Math.min(lanes * BANDS_A_LANE, Math.floor(count / fewest));
  if (lanes < 2 || most < 2) return [0, count];
  const costs = stages.map(({ rows: made, producer }) => rowCost(made, producer));
  const ends = stages.map(() => count);
  const total = costUntil(stages, costs, ends, count);
  const bands = Math.min(most, Math.floor(total / SHORTEST_BAND_NS));
  const cuts = [0];
  for (let band = 1; band < bands; band++) {
    const share = ((total + LEAD_NS) * band) / bands;
    let low = cuts[cuts.length - 1];
    let high = count;
    while (high - low > entry.tileRows) {
      const middle = (low + high) >>> 1;
      if (costUntil(stages, costs, ends, middle) < share) low = middle;
      else high = middle;
    }
    const cut = Math.floor(high / entry.tileRows) * entry.tileRows;
    if (cut > cuts[cuts.length - 1] && cut < count) cuts.push(cut);
  }
  cuts.push(count);
  return cuts;
}
