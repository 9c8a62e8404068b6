/** Runs `dynconv pose` on broken models and images. */
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { pose } from '../../cli/src/pose/pose.js';
import { Progress } from '../../cli/src/progress.js';
import { makeCase } from './cases.js';
import { runCases } from './run-cases.js';

const silent = (): void => undefined;
console.log = console.info = console.warn = console.error = silent;

await runCases({
  make: makeCase,
  async run({ model, image }, folder) {
    const out = join(folder, 'picture.png');
    const { failures } = await pose(
      { images: [image], network: model, out, runs: 1, compare: false, minScore: 0.2 },
      { progress: new Progress(true), print: silent, complain: silent },
    );
    return failures.length > 0 ? 'refused' : 'accepted';
  },
});
