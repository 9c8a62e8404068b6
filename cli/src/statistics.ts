/** What repeated timings say: quartiles of the runs, in the unit of the runs. */
export interface Spread {
  median: number;
  lower: number;
  upper: number;
  runs: number;
}

/**
 * The quantile `q` in [0, 1] of some numbers, interpolated linearly between neighbours.
 *
 * @throws RangeError on an empty list.
 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('A quantile of nothing.');
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** Median and quartiles. */
export function spread(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    lower: quantile(values, 0.25),
    upper: quantile(values, 0.75),
    runs: values.length,
  };
}

/** The geometric mean of positive numbers. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Slope and intercept of the least-squares line through (x, y), and its R². */
export function fitLine(
  xs: readonly number[],
  ys: readonly number[],
): { slope: number; intercept: number; r2: number } {
  const mean = (values: readonly number[]): number =>
    values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  let [sxx, sxy, syy] = [0, 0, 0];
  xs.forEach((x, i) => {
    sxx += (x - mx) ** 2;
    sxy += (x - mx) * (ys[i] - my);
    syy += (ys[i] - my) ** 2;
  });
  const slope = sxy / sxx;
  return { slope, intercept: my - slope * mx, r2: sxy ** 2 / (sxx * syy) };
}

/**
 * The largest absolute difference over the largest absolute value of the reference: 0 for equal
 * values, NaN when a value is NaN or missing on one side only.
 */
export function largestDifference(values: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (values.length !== reference.length) return NaN;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    // Equal infinities and two NaN differ by nothing.
    if (!Object.is(values[i], reference[i])) {
      difference = Math.max(difference, Math.abs(values[i] - reference[i]));
    }
    if (!Number.isNaN(reference[i])) largest = Math.max(largest, Math.abs(reference[i]));
  }
  return difference === 0 ? 0 : difference / largest;
}

/** Round by round, how many times as long the reference took; rounds that one lacks do not count. */
export function pairedRatios(reference: readonly number[], times: readonly number[]): number[] {
  return times.slice(0, reference.length).map((time, round) => reference[round] / time);
}
