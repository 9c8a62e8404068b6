/** The heatmaps of one picture: row-major [height, width, joints], as the network gives them. */
export interface Heatmaps {
  height: number;
  width: number;
  joints: number;
  values: Float32Array;
}

/** One joint's heatmap, row by row, stretched to [0, 1] from its least to its largest value. */
export function stretchedMap(maps: Heatmaps, joint: number): Float32Array {
  const map = Float32Array.from({ length: maps.height * maps.width }, (_, pixel) => {
    return maps.values[pixel * maps.joints + joint];
  });
  let [least, largest] = [Infinity, -Infinity];
  for (const value of map) {
    least = Math.min(least, value);
    largest = Math.max(largest, value);
  }
  const range = largest - least || 1;
  return map.map((value) => (value - least) / range);
}
