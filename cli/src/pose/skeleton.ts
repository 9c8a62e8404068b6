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

type Limb = readonly [from: string, to: string];

/** The limbs that MPII and COCO have in common. */
const LIMBS: readonly Limb[] = [
  ['right_shoulder', 'right_elbow'],
  ['right_elbow', 'right_wrist'],
  ['right_hip', 'right_knee'],
  ['right_knee', 'right_ankle'],
  ['left_shoulder', 'left_elbow'],
  ['left_elbow', 'left_wrist'],
  ['left_hip', 'left_knee'],
  ['left_knee', 'left_ankle'],
];
/** What MPII's other joints connect: a spine. */
const SPINE: readonly Limb[] = [
  ['head_top', 'upper_neck'],
  ['upper_neck', 'thorax'],
  ['thorax', 'pelvis'],
  ['thorax', 'right_shoulder'],
  ['pelvis', 'right_hip'],
  ['thorax', 'left_shoulder'],
  ['pelvis', 'left_hip'],
];
/** Without a spine: the outline of the torso, and the face. */
const OUTLINES: readonly Limb[] = [
  ['left_shoulder', 'right_shoulder'],
  ['left_hip', 'right_hip'],
  ['right_shoulder', 'right_hip'],
  ['left_shoulder', 'left_hip'],
  ['nose', 'right_eye'],
  ['right_eye', 'right_ear'],
  ['nose', 'left_eye'],
  ['left_eye', 'left_ear'],
];
const HALO = '#000000a0';

/** The side that a joint is on. */
export function sideOf(joint: string): Side {
  if (joint.startsWith('right_')) return 'right';
  return joint.startsWith('left_') ? 'left' : 'middle';
}

/** The side that a limb is on; one from side to side is in the middle. */
function sideOfLimb([from, to]: Limb): Side {
  const [one, other] = [sideOf(from), sideOf(to)];
  return one === 'middle' || one === other ? other : 'middle';
}

/**
 * Draws the limbs between joints that were found, and the joints on top.
 *
 * @param joints by MPII's or COCO's names, in any pixels.
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
  for (const limb of [...('thorax' in joints ? SPINE : OUTLINES), ...LIMBS]) {
    const [start, end] = limb.map(positionOf);
    if (!start || !end) continue;
    context.beginPath();
    context.moveTo(...start);
    context.lineTo(...end);
    stroke(context, SIDE_COLOURS[sideOfLimb(limb)], width);
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
  context.strokeStyle = HALO;
  context.lineWidth = width + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}
