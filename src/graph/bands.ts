import type { RowKernelName } from '../memory/kernels.js';
import type { Stage } from './strips.js';

/*
 * How a stream is cut for the lanes: the rows of its last operation into bands of the same number of
 * rows. A band computes its halo for itself, so fewer are better; more let lanes that come late take
 * less.
 */

/** Multiply-accumulates that a lane does in a nanosecond. */
const MACS_PER_NS = 20;
/** Values that a lane moves in a nanosecond. */
const VALUES_PER_NS = 1.5;
/** A band should not be shorter than this: another thread hears of it after some microseconds. */
const SHORTEST_BAND_NS = 30_000;
/** Bands for each lane, so that one that comes late or is slow takes fewer. */
const BANDS_A_LANE = 2;

const MATRIX_PRODUCTS: ReadonlySet<RowKernelName> = new Set<RowKernelName>([
  'f32_igemm_4x8',
  'f32_igemm_4x1',
]);

/** About how long a lane takes for all rows of a stage, in nanoseconds. */
function cost({ rows, producer }: Stage): number {
  const { set, channels } = rows;
  const taps = producer.window?.taps ?? 1;
  if (!MATRIX_PRODUCTS.has(producer.kernel)) return (set.count * taps * channels) / VALUES_PER_NS;
  const [input] = producer.inputs;
  return (set.count * taps * input.channels * channels) / MACS_PER_NS;
}

/** The first row of each band of the last stage, and one past the last row, for so many lanes. */
export function bandsOf(stages: readonly Stage[], lanes: number): number[] {
  const { rows, entry } = stages[stages.length - 1];
  const { count } = rows.set;
  let bands = 1;
  if (lanes > 1) {
    let time = 0;
    let fewest = 1;
    for (const stage of stages) {
      time += cost(stage);
      fewest = Math.max(fewest, stage.entry.temporal.bandRows);
    }
    const most = Math.min(lanes * BANDS_A_LANE, Math.floor(count / fewest));
    bands = Math.min(most, Math.floor(time / SHORTEST_BAND_NS));
  }
  const cuts = [0];
  for (let band = 1; band < bands; band++) {
    cuts.push(Math.round((count * band) / bands / entry.tileRows) * entry.tileRows);
  }
  cuts.push(count);
  return cuts;
}
