/**
 * Runs `dynconv pose` on one broken case after the other, in this process, and tells its parent of
 * each before and after: if it dies or hangs, the parent knows on what.
 */
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { pose } from '../../cli/src/pose/pose.js';
import { Progress } from '../../cli/src/progress.js';
import { UserError } from '../../cli/src/user-error.js';
import { makeCase } from './cases.js';

/** What the parent hands over, as JSON. */
interface Order {
  root: string;
  folder: string;
  /** Seeds of the cases, from the first on. */
  first: number;
  count: number;
}

/** What the parent hears. */
export type Message =
  | { seed: number; changes: string[] }
  | { seed: number; outcome: 'accepted' | 'refused' }
  | { seed: number; outcome: 'failed'; error: string };

const silent = (): void => undefined;
console.log = console.info = console.warn = console.error = silent;

function tell(message: Message): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => {
      resolve();
    });
  });
}

const { root, folder, first, count } = JSON.parse(process.argv[2]) as Order;
for (let seed = first; seed < first + count; seed++) {
  const { model, image, changes } = makeCase(root, folder, seed);
  await tell({ seed, changes });
  try {
    const { failures } = await pose(
      {
        images: [image],
        network: model,
        out: join(folder, 'picture.png'),
        runs: 1,
        compare: false,
        minScore: 0.2,
      },
      { progress: new Progress(true), print: silent, complain: silent },
    );
    await tell({ seed, outcome: failures.length > 0 ? 'refused' : 'accepted' });
  } catch (error) {
    if (!(error instanceof UserError)) {
      // The memory may be damaged: the parent starts another process.
      await tell({
        seed,
        outcome: 'failed',
        error: error instanceof Error ? String(error.stack) : String(error),
      });
      process.exit(1);
    }
    await tell({ seed, outcome: 'refused' });
  }
}
process.exit(0);
