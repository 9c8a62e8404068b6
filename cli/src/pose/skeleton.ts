import type { SKRSContext2D } from '@napi-rs/canvas';
import type { FoundJoint } from './joints.js';

/** A side of the person, not of the picture, or the line between the two. */
export type Side = 'right' | 'left' | 'middle';

/** The limbs' colours, after Okabe and Ito: the colour-blind tell them apart, too. */
export const SIDE_COLOURS: Readonly<Record<Side, string>> = {
  right: '#e69f00',
  left: '#56b4e9',
  middle: '#f0e442',
};

/** What lies between two joints of MPII. */
const LIMBS: readonly (readonly [from: string, to: string])[] = [
  ['head_top', 'upper_neck'],
  ['upper_neck', 'thorax'],
  ['thorax', 'pelvis'],
  ['thorax', 'right_shoulder'],
  ['right_shoulder', 'right_elbow'],
  ['right_elbow', 'right_wrist'],
  ['pelvis', 'right_hip'],
  ['right_hip', 'right_knee'],
  ['right_knee', 'right_ankle'],
  ['thorax', 'left_shoulder'],
  ['left_shoulder', 'left_elbow'],
  ['left_elbow', 'left_wrist'],
  ['pelvis', 'left_hip'],
  ['left_hip', 'left_knee'],
  ['left_knee', 'left_ankle'],
];
const OUTLINE = '#000000a0';

/** The side that a joint, or a limb that ends in it, is on. */
export function sideOf(joint: string): Side {
  if (joint.startsWith('right_')) return 'right';
  return joint.startsWith('left_') ? 'left' : 'middle';
}

/**
 * Draws the limbs between joints that were found, and the joints on top.
 *
 * @param joints by MPII's names, in any pixels.
 * @param toCanvas from those pixels to the canvas's.
 * @param width of a limb in pixels of the canvas.
 */
export function drawSkeleton(
  context: SKRSContext2D,
  joints: Readonly<Record<string, FoundJoint>>,
  toCanvas: (x: number, y: number) => readonly [x: number, y: number],
  width: number,
): void {
  const positionOf = (name: string): readonly [number, number] | undefined => {
    const joint = joints[name];
    return joint?.found ? toCanvas(joint.x, joint.y) : undefined;
  };
  context.save();
  context.lineCap = 'round';
  for (const [from, to] of LIMBS) {
    const [start, end] = [positionOf(from), positionOf(to)];
    if (!start || !end) continue;
    context.beginPath();
    context.moveTo(...start);
    context.lineTo(...end);
    stroke(context, SIDE_COLOURS[sideOf(to)], width);
  }
  for (const name of Object.keys(joints)) {
    const centre = positionOf(name);
    if (!centre) continue;
    context.beginPath();
    context.arc(...centre, width, 0, 2 * Math.PI);
    stroke(context, SIDE_COLOURS[sideOf(name)], width / 2);
    context.fillStyle = SIDE_COLOURS[sideOf(name)];
    context.fill();
  }
  context.restore();
}

/** A line that stands out from any photograph. */
function stroke(context: SKRSContext2D, colour: string, width: number): void {
  context.strokeStyle = OUTLINE;
  context.lineWidth = width + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}
