import { decodeJoints, type Joint } from './joints.js';
import type { Heatmaps } from './heatmaps.js';

/** What a pose network makes of a picture. */
export interface Prediction {
  /** The joints in the network's order, in pixels of its input. */
  joints: Joint[];
  /** Of a network that gives heatmaps: the joints are read off them. */
  heatmaps?: Heatmaps;
  /** All that the network put out. */
  values: Float32Array;
}

/** The most joints of a network. */
const MOST_JOINTS = 256;
/** The longest side of a heatmap. */
const LONGEST_SIDE = 2048;
/** Of a keypoint: y and x, as shares of the picture's height and width, and its score. */
const KEYPOINT_VALUES = 3;

/** What shapes of outputs are read, for messages. */
export const READABLE =
  `neither heatmaps, float32 [1, height, width, joints] with 2 to ${LONGEST_SIDE} pixels a side, nor ` +
  `keypoints, float32 [1, 1, joints, 3] of y, x and score, of at most ${MOST_JOINTS} joints`;

/** Whether a float32 output of this shape can be read. */
export function isReadable(shape: readonly number[]): boolean {
  return areHeatmaps(shape) || areKeypoints(shape);
}

/**
 * Reads an output whose shape `isReadable`.
 *
 * @param values of the output, row-major.
 * @param height of the network's input in pixels.
 * @param width likewise.
 */
export function readPrediction(
  shape: readonly number[],
  values: Float32Array,
  height: number,
  width: number,
): Prediction {
  if (areKeypoints(shape)) {
    const joints = Array.from({ length: shape[2] }, (_, joint) => {
      const [y, x, score] = values.subarray(KEYPOINT_VALUES * joint);
      return { x: x * width, y: y * height, score };
    });
    return { joints, values };
  }
  const heatmaps = { height: shape[1], width: shape[2], joints: shape[3], values };
  return { joints: decodeJoints(heatmaps, width, height), heatmaps, values };
}

function areHeatmaps(shape: readonly number[]): boolean {
  const [batch, height, width, joints] = shape;
  return (
    shape.length === 4 &&
    batch === 1 &&
    Math.min(height, width) >= 2 &&
    Math.max(height, width) <= LONGEST_SIDE &&
    isJointCount(joints)
  );
}

/** The output of MoveNet for one person. */
function areKeypoints(shape: readonly number[]): boolean {
  const [batch, people, joints, values] = shape;
  return (
    shape.length === 4 &&
    batch === 1 &&
    people === 1 &&
    isJointCount(joints) &&
    values === KEYPOINT_VALUES
  );
}

function isJointCount(joints: number): boolean {
  return joints >= 1 && joints <= MOST_JOINTS;
}
