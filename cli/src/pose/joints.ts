import type { Heatmaps } from './heatmaps.js';
import type { Photograph } from './photograph.js';
import { smoothed } from './smoothing.js';

/** The 16 joints of the MPII Human Pose data set, in its order. */
export const MPII_JOINTS: readonly string[] = [
  'right_ankle',
  'right_knee',
  'right_hip',
  'left_hip',
  'left_knee',
  'left_ankle',
  'pelvis',
  'thorax',
  'upper_neck',
  'head_top',
  'right_wrist',
  'right_elbow',
  'right_shoulder',
  'left_shoulder',
  'left_elbow',
  'left_wrist',
];

/** The 17 keypoints of the COCO data set, in its order; those of limbs are called as in MPII. */
export const COCO_JOINTS: readonly string[] = [
  'nose',
  'left_eye',
  'right_eye',
  'left_ear',
  'right_ear',
  'left_shoulder',
  'right_shoulder',
  'left_elbow',
  'right_elbow',
  'left_wrist',
  'right_wrist',
  'left_hip',
  'right_hip',
  'left_knee',
  'right_knee',
  'left_ankle',
  'right_ankle',
];

/** A joint's position; the centre of the pixel in column i is i + 0.5. */
export interface Joint {
  x: number;
  y: number;
  /** About 1 where the network is sure: the heatmap's value there, or what came with the keypoint. */
  score: number;
}

/** A joint's position where one was found. */
export type FoundJoint = ({ found: true } & Joint) | { found: false; score: number };

/**
 * Reads the joints' positions off their heatmaps, which are smoothed first: the largest value (the
 * first in row-major order, if several are equal), then a quarter of a cell towards the larger of its
 * two neighbours in x, and likewise in y; no shift where the neighbours are equal, or where one lies
 * beyond the border. The quarter is the stacked hourglass's (Newell, Yang and Deng, ECCV 2016, section
 * 3.1). Does the same as `decode` of the models' Python package.
 *
 * @param width of the network's input, in pixels, as the positions.
 * @param height likewise.
 */
export function decodeJoints(maps: Heatmaps, width: number, height: number): Joint[] {
  const smooth = smoothed(maps);
  return Array.from({ length: maps.joints }, (_, joint) => {
    const index = (row: number, column: number): number =>
      (row * maps.width + column) * maps.joints + joint;
    let [top, left] = [0, 0];
    for (let row = 0; row < maps.height; row++) {
      for (let column = 0; column < maps.width; column++) {
        if (smooth[index(row, column)] > smooth[index(top, left)]) [top, left] = [row, column];
      }
    }
    const column = left + quarter(left, maps.width, (at) => smooth[index(top, at)]);
    const row = top + quarter(top, maps.height, (at) => smooth[index(at, left)]);
    return {
      x: ((column + 0.5) * width) / maps.width,
      y: ((row + 0.5) * height) / maps.height,
      score: maps.values[index(top, left)],
    };
  });
}

/** A quarter of a cell towards the larger neighbour along a line of cells. */
function quarter(at: number, cells: number, valueAt: (cell: number) => number): number {
  if (at === 0 || at === cells - 1) return 0;
  const slope = valueAt(at + 1) - valueAt(at - 1);
  return slope === 0 ? 0 : 0.25 * Math.sign(slope);
}

/**
 * Finds the joints in a photograph, in pixels of its file: those that reach a score, and that do not
 * lie on the bars beside the photograph.
 *
 * @param joints in pixels of the network's input.
 * @param photo as the network saw it.
 * @param names of the joints.
 */
export function findJoints(
  joints: readonly Joint[],
  { frame, width, height }: Pick<Photograph, 'frame' | 'width' | 'height'>,
  names: readonly string[],
  minScore: number,
): ReadonlyMap<string, FoundJoint> {
  const found = new Map<string, FoundJoint>();
  for (const [i, joint] of joints.entries()) {
    const { score } = joint;
    const x = ((joint.x - frame.x) / frame.width) * width;
    const y = ((joint.y - frame.y) / frame.height) * height;
    const inside = x >= 0 && x <= width && y >= 0 && y <= height;
    found.set(
      names[i],
      inside && score >= minScore ? { found: true, x, y, score } : { found: false, score },
    );
  }
  return found;
}

/** The joints that have these names, in their order. */
export function pickJoints(
  joints: ReadonlyMap<string, FoundJoint>,
  names: readonly string[],
): Record<string, FoundJoint> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const joint = joints.get(name);
      return joint ? [[name, joint]] : [];
    }),
  );
}
