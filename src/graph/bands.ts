import { rowCost } from './cost.js';
import type { Rows } from './rows.js';
import { haloRows } from './strips.js';
import type { Cut, Schedule, Stage } from './strips.js';

/*
 * How a stream is cut for the lanes: two lanes that begin at the two ends of the same band of strips meet
 * wherever they meet, whichever was faster or came later. More lanes have a band for each two of them.
 */

/** Another lane should not work shorter than this: it hears of it after some microseconds. */
const SHORTEST_SHARE_NS = 30_000;

/** Values that a lane writes and reads again in a nanosecond. */
const PASSED_PER_NS = 3;

const NOTHING: readonly Rows[] = [];

/** Fewest rows for a lane, of rows that cost all the same. */
const FEWEST_ROWS = 8;

/** How many lanes may share `rows` that cost all the same, and take `cost` nanoseconds in all. */
export function lanesForRows(rows: number, cost: number, lanes: number): number {
  const most = Math.min(Math.floor(rows / FEWEST_ROWS), Math.floor(cost / SHORTEST_SHARE_NS));
  return Math.max(1, Math.min(lanes, most));
}

/** About how long one lane takes for all rows of the stages, in nanoseconds. */
export function costOf(stages: readonly Stage[]): number {
  let cost = 0;
  for (const { rows, producer } of stages) cost += rows.set.count * rowCost(rows, producer);
  return cost;
}

/** How many lanes may share a stream that takes `cost` nanoseconds. */
export function lanesForStream(stages: readonly Stage[], cost: number, lanes: number): number {
  let fewest = Infinity;
  for (const { entry } of stages) fewest = Math.min(fewest, entry.temporal.bandRows);
  const { count } = stages[stages.length - 1].rows.set;
  const most = Math.min(Math.floor(count / fewest), Math.floor(cost / SHORTEST_SHARE_NS));
  return Math.max(1, Math.min(lanes, most));
}

/**
 * What is better computed by itself, before the rest of the stream: what is read through windows, where passing it
 * on through memory takes less time than computing the halo, in which lanes meet, twice. So it is where maps are
 * small and have many channels.
 */
export function computedApart(stages: readonly Stage[], cut: Cut, lanes: number): readonly Rows[] {
  const apart: Rows[] = [];
  let passed = 0;
  for (const { producer, sources } of stages) {
    if (sources.length === 0 || sources[0] < 0 || (producer.window?.taps ?? 1) === 1) continue;
    const { rows } = stages[sources[0]];
    passed += rows.set.count * rows.channels;
    apart.push(rows);
  }
  if (apart.length === 0) return NOTHING;
  return passed / PASSED_PER_NS < haloCost(stages, cut) * (lanes - 1) ? apart : NOTHING;
}

/** About how long it takes to compute what both lanes need that meet in the middle of a stream, in nanoseconds. */
function haloCost(stages: readonly Stage[], cut: Cut): number {
  const halo = haloRows(stages, cut);
  return stages.reduce(
    (cost, { rows, producer }, stage) => cost + halo[stage] * rowCost(rows, producer),
    0,
  );
}

/** The first strip of each band, and one past the last strip, for so many lanes. */
export function bandsOf(
  stages: readonly Stage[],
  { until, count }: Schedule,
  lanes: number,
): number[] {
  const bands = [0];
  if (lanes > 2) {
    const costs = stages.map(({ rows, producer }) => rowCost(rows, producer));
    const costUntil = (border: number): number =>
      costs.reduce((sum, cost, stage) => sum + cost * until[border * costs.length + stage], 0);
    let strip = 0;
    for (let lane = 2; lane < lanes; lane += 2) {
      const share = (costUntil(count) * lane) / lanes;
      while (strip < count && costUntil(strip) < share) strip++;
      bands.push(strip);
    }
  }
  bands.push(count);
  return bands;
}
