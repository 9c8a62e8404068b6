import { join } from 'node:path';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { Command } from 'commander';
import 'tfjs-backend-dynconv';
import { readModelFolder, type ModelFolder } from '../../cli/src/model-folder.js';
import { positiveInteger } from '../../cli/src/options.js';
import { loadPoseModel } from '../../cli/src/pose/pose-model.js';
import { Progress } from '../../cli/src/progress.js';
import { formatTable } from '../../cli/src/table.js';
import { UserError } from '../../cli/src/user-error.js';
import { readNpy } from './npy.js';

const BACKENDS = ['wasm', 'dynconv'];
/** The largest mean distance to TensorFlow's keypoints, as a share of the picture's sides. */
const TOLERANCE = 0.002;
const EXIT_MISSED = 1;

interface Flags {
  reference: string;
  images?: number;
  quiet?: boolean;
}

/** `keypoints`: a converted model's keypoints on both backends against TensorFlow's. */
export function keypointsCommand(): Command {
  return new Command('keypoints')
    .description(
      "Holds a model's keypoints, on wasm and on dynconv, against those that TensorFlow found in the same " +
        'pictures (python -m dynconv_models.keypoints --reference FOLDER).',
    )
    .argument('<model>', 'the folder of a model.json')
    .requiredOption('--reference <folder>', 'images.npy and keypoints.npy')
    .option('--images <number>', 'only the first pictures', positiveInteger)
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText(
      'after',
      `\nExit codes: 0; 1 if the mean distance is more than ${TOLERANCE}; 2 for a wrong file.`,
    )
    .action(async (model: string, flags: Flags) => {
      const folder = await readModelFolder(model);
      const rows: string[][] = [];
      for (const backend of BACKENDS) {
        const { mean, worst, pictures } = await compare(folder, backend, flags);
        rows.push([backend, String(pictures), mean.toExponential(1), worst.toExponential(1)]);
        if (!(mean <= TOLERANCE)) process.exitCode = EXIT_MISSED;
      }
      const header = ['backend', 'pictures', 'mean distance', 'largest'];
      process.stdout.write(`${formatTable(header, rows)}\n`);
    });
}

async function compare(
  folder: ModelFolder,
  backend: string,
  { reference, images: most, quiet }: Flags,
): Promise<{ mean: number; worst: number; pictures: number }> {
  await tf.setBackend(backend);
  const model = await loadPoseModel(folder);
  const { height, width } = model;
  const images = await readNpy(join(reference, 'images.npy'), 'uint8', [-1, height, width, 3]);
  const [count] = images.shape;
  const keypoints = await readNpy(join(reference, 'keypoints.npy'), 'float32', [count, -1, 3]);
  const joints = keypoints.shape[1];
  const pictures = Math.min(most ?? count, count);
  const progress = new Progress(quiet);
  progress.stage(`Predicting on ${backend}`);
  const size = height * width * 3;
  let [sum, worst] = [0, 0];
  for (let i = 0; i < pictures; i++) {
    const picture = Float32Array.from(images.values.subarray(i * size, (i + 1) * size));
    const prediction = await model.predict(picture);
    if (prediction.joints.length !== joints) {
      throw new UserError(
        `${folder.path} gives ${prediction.joints.length} joints, not ${joints}.`,
      );
    }
    prediction.joints.forEach(({ x, y }, joint) => {
      const [wantedY, wantedX] = keypoints.values.subarray(3 * (i * joints + joint));
      const distance = Math.hypot(x / width - wantedX, y / height - wantedY);
      sum += distance;
      worst = Math.max(worst, distance);
    });
    progress.step(i + 1, pictures);
  }
  progress.clear();
  model.dispose();
  return { mean: sum / (pictures * joints), worst, pictures };
}
