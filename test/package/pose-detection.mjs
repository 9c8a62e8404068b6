/**
 * A model with masks in the place of MoveNet in TensorFlow.js's own package for poses.
 *
 *     node pose-detection.mjs MODEL_URL PHOTOGRAPH
 *
 * Prints that `dynconv`, captured and not, agrees with `wasm`, or how it does not.
 */
import { fileURLToPath } from 'node:url';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import '@tensorflow/tfjs-backend-wasm';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as poseDetection from '@tensorflow-models/pose-detection';
import { capture } from 'tfjs-backend-dynconv';

const KEYPOINTS = 17;
/** The side of the model's picture. */
const SIZE = 256;
/** The least score of a keypoint that is taken as found, as the package's demo has it. */
const LEAST_SCORE = 0.3;
/** The largest distance between the backends' keypoints, in pixels. */
const TOLERANCE = 0.5;

const [modelUrl, photograph] = process.argv.slice(2);
setWasmPaths(fileURLToPath(new URL('.', import.meta.resolve('@tensorflow/tfjs-backend-wasm'))));
const image = await loadImage(photograph);
const canvas = createCanvas(image.width, image.height);
canvas.getContext('2d').drawImage(image, 0, 0);
const { data } = canvas.getContext('2d').getImageData(0, 0, image.width, image.height);

/** Has a detector's model run by captured kernels, as the README says. */
function captureModelOf(detector) {
  const { moveNetModel } = detector;
  const example = tf.zeros([1, SIZE, SIZE, 3], 'int32');
  moveNetModel.execute = capture((x) => moveNetModel.predict(x), example);
  example.dispose();
}

async function keypointsOn(backend, isCaptured = false) {
  await tf.setBackend(backend);
  const detector = await poseDetection.createDetector(poseDetection.SupportedModels.MoveNet, {
    modelType: poseDetection.movenet.modelType.SINGLEPOSE_THUNDER,
    modelUrl,
    enableSmoothing: false,
  });
  if (isCaptured) captureModelOf(detector);
  const picture = tf.tidy(() =>
    tf.slice(
      tf.tensor3d(new Uint8Array(data), [image.height, image.width, 4], 'int32'),
      [0, 0, 0],
      [-1, -1, 3],
    ),
  );
  const [pose] = await detector.estimatePoses(picture);
  picture.dispose();
  detector.dispose();
  return pose?.keypoints ?? [];
}

const ours = await keypointsOn('dynconv');
const captured = await keypointsOn('dynconv', true);
const theirs = await keypointsOn('wasm');
const found = ours.filter(({ score }) => score >= LEAST_SCORE).length;
const distances = ours.map(({ x, y }, i) => Math.hypot(x - theirs[i].x, y - theirs[i].y));
const worst = Math.max(...distances);
if (ours.length !== KEYPOINTS || found < KEYPOINTS - 2) {
  console.log(`${found} of ${ours.length} keypoints found`);
} else if (JSON.stringify(captured) !== JSON.stringify(ours)) {
  console.log('captured kernels give other keypoints');
} else {
  console.log(
    worst <= TOLERANCE ? 'dynconv agrees with wasm' : `dynconv and wasm are ${worst} pixels apart`,
  );
}
