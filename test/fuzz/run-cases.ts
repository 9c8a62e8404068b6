/**
 * Runs broken cases one after the other, in this process, and tells its parent of each before and
 * after: if it dies or hangs, the parent knows on what.
 */
import { UserError } from '../../cli/src/user-error.js';

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

/** A kind of cases. */
export interface CaseKind<T extends { changes: string[] }> {
  /** Makes a case of a seed in an empty folder; `root` is the project's. */
  make(root: string, folder: string, seed: number): T;
  /** Runs the command on it: a `UserError` refuses it, and anything else that is thrown is a fault. */
  run(kase: T, folder: string): Promise<'accepted' | 'refused'>;
}

/** Runs the cases that the parent asks for, and ends the process. */
export async function runCases<T extends { changes: string[] }>(kind: CaseKind<T>): Promise<void> {
  const { root, folder, first, count } = JSON.parse(process.argv[2]) as Order;
  for (let seed = first; seed < first + count; seed++) {
    const kase = kind.make(root, folder, seed);
    await tell({ seed, changes: kase.changes });
    try {
      await tell({ seed, outcome: await kind.run(kase, folder) });
    } catch (error) {
      if (!(error instanceof UserError)) {
        // The memory may be damaged: the parent starts another process.
        const text = error instanceof Error ? String(error.stack) : String(error);
        await tell({ seed, outcome: 'failed', error: text });
        process.exit(1);
      }
      await tell({ seed, outcome: 'refused' });
    }
  }
  process.exit(0);
}

function tell(message: Message): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => {
      resolve();
    });
  });
}
