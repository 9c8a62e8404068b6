/** The heatmaps of one picture: row-major [height, width, joints], as the network gives them. */
export interface Heatmaps {
  height: number;
  width: number;
  joints: number;
  values: Float32Array;
}

/** One joint's heatmap, row by row. */
function mapOf(maps: Heatmaps, joint: number): Float32Array {
  return Float32Array.from({ length: maps.height * maps.width }, (_, pixel) => {
    return maps.values[pixel * maps.joints + joint];
  });
}

/** One joint's heatmap, clamped to [0, 1]: what training made 0 and 1 stays so. */
export function clampedMap(maps: Heatmaps, joint: number): Float32Array {
  return mapOf(maps, joint).map((value) => Math.min(Math.max(value, 0), 1));
}

/** One joint's heatmap, stretched to [0, 1] from its least to its largest value. */
export function stretchedMap(maps: Heatmaps, joint: number): Float32Array {
  const map = mapOf(maps, joint);
  let [least, largest] = [Infinity, -Infinity];
  for (const value of map) {
    least = Math.min(least, value);
    largest = Math.max(largest, value);
  }
  const range = largest - least || 1;
  return map.map((value) => (value - least) / range);
}
