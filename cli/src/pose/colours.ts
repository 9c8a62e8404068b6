/** Red, green and blue in [0, 255]. */
export type Rgb = readonly [number, number, number];

/** Twelve even steps along the perceptually uniform map "inferno" (van der Walt, Smith; CC0). */
const INFERNO: readonly Rgb[] = [
  [0, 0, 4],
  [20, 11, 53],
  [58, 9, 99],
  [96, 19, 110],
  [133, 33, 107],
  [169, 46, 94],
  [203, 65, 73],
  [230, 93, 47],
  [247, 131, 17],
  [252, 173, 18],
  [245, 219, 76],
  [252, 255, 164],
];

/** The colour of a share in [0, 1]: dark for 0, bright for 1. Values beyond are clamped; NaN is dark. */
export function inferno(share: number): Rgb {
  const position = (share > 0 ? Math.min(share, 1) : 0) * (INFERNO.length - 1);
  const below = Math.min(Math.floor(position), INFERNO.length - 2);
  const part = position - below;
  const mix = (c: 0 | 1 | 2): number =>
    Math.round(INFERNO[below][c] * (1 - part) + INFERNO[below + 1][c] * part);
  return [mix(0), mix(1), mix(2)];
}
