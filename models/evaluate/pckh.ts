import { MPII_JOINTS } from '../../cli/src/pose/joints.js';

/** MPII's evaluation counts neither. */
const NOT_COUNTED = ['pelvis', 'thorax'];
const COUNTED = MPII_JOINTS.map((name) => !NOT_COUNTED.includes(name));

/** What a prediction is held against: N images, their 16 joints in MPII's order, in pixels. */
export interface Labels {
  /** [N, 16, 2], x and y. */
  joints: Float32Array;
  /** [N, 16], 1 where a joint has a position. */
  labelled: Uint8Array;
  /** [N], the length of the head segment. */
  head: Float32Array;
}

/**
 * PCKh@0.5 in percent: how many of the labelled joints, but for pelvis and thorax, were predicted
 * within half a head of where they are (Andriluka et al., CVPR 2014).
 *
 * @param predicted [M, 16, 2], of the first M <= N images.
 * @throws RangeError when there is no joint to count.
 */
export function pckh(predicted: Float32Array, { joints, labelled, head }: Labels): number {
  const perImage = MPII_JOINTS.length;
  let [counted, correct] = [0, 0];
  for (let joint = 0; joint < predicted.length / 2; joint++) {
    if (!labelled[joint] || !COUNTED[joint % perImage]) continue;
    const x = predicted[2 * joint] - joints[2 * joint];
    const y = predicted[2 * joint + 1] - joints[2 * joint + 1];
    counted++;
    if (Math.hypot(x, y) <= 0.5 * head[Math.floor(joint / perImage)]) correct++;
  }
  if (counted === 0) throw new RangeError('No joint of these images is labelled.');
  return (100 * correct) / counted;
}
