import type { Heatmaps } from './heatmaps.js';

/** Standard deviation of the Gaussian, in cells: what suits the pictures that training validates on. */
const DEVIATION = 1.5;
/** Cells beyond so many count no more. */
const REACH = 4;

/** What a cell counts by how far away it is along one axis. */
const WEIGHTS = weights();

function weights(): number[] {
  const bell = Array.from({ length: REACH + 1 }, (_, away) =>
    Math.exp(-(away ** 2) / (2 * DEVIATION ** 2)),
  );
  const sum = bell.reduce((total, weight, away) => total + (away === 0 ? weight : 2 * weight), 0);
  return bell.map((weight) => weight / sum);
}

/**
 * Heatmaps under a Gaussian; beyond their border all is 0. A joint then lies where much of the
 * neighbourhood agrees, not where one cell sticks out (Zhang et al., Distribution-Aware Coordinate
 * Representation for Human Pose Estimation, CVPR 2020, section 3.2). Does the same as `smooth` of the
 * models' Python package.
 *
 * @returns values in the order of those of the heatmaps.
 */
export function smoothed({ height, width, joints, values }: Heatmaps): Float64Array {
  const alongColumns = smoothedAlong(values, height, width * joints);
  return smoothedAlong(alongColumns, width, joints);
}

/** Smooths along an axis of `size` cells that lie `stride` values apart. */
function smoothedAlong(
  values: Float32Array | Float64Array,
  size: number,
  stride: number,
): Float64Array {
  const result = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const cell = Math.floor(at / stride) % size;
    let sum = WEIGHTS[0] * values[at];
    for (let away = 1; away <= REACH; away++) {
      const before = cell >= away ? values[at - away * stride] : 0;
      const after = cell + away < size ? values[at + away * stride] : 0;
      // Both sides at once, so that what is symmetric stays so to the bit.
      sum += WEIGHTS[away] * (before + after);
    }
    result[at] = sum;
  }
  return result;
}
