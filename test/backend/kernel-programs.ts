import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { watchHeap } from './canaries.js';
import { dynconv, held, restart } from './footprint.js';
import { anyKernelProgram, disturbedReadings, runKernelProgram } from './kernel-program.js';
import type { KernelProgram, Run } from './kernel-program.js';
import { differences } from './readings.js';
import type { Difference, Reading } from './readings.js';

/** How many disturbed runs tell whether rounding explains a difference. */
const DISTURBED_RUNS = 24;

/**
 * Runs random programs on the cpu backend and on dynconv, on a heap of its own whose blocks lie between
 * canaries: the results are the same, nothing is written where it should not be, and nothing is left.
 *
 * @returns what fast-check found: a smallest program that fails, if one does, and why
 */
export async function checkKernelPrograms({ count, seed }: { count: number; seed: number }) {
  assert.isTrue(await restart());
  const damage = watchHeap(dynconv().runtime);
  warmUp();
  try {
    const property = fc.asyncProperty(anyKernelProgram, async (program) => {
      await tf.setBackend('cpu');
      const reference = runKernelProgram(program);
      await tf.setBackend('dynconv');
      const before = held();
      const { readings, error } = attempt(program, reference);
      const after = held();
      assert.deepEqual(damage(), [], 'memory was damaged');
      if (after !== before) throw new Error(`something is left: ${before}, then ${after}`);
      await tf.setBackend('cpu');
      const wrong = readings ? differences(readings, reference.readings) : null;
      if (wrong?.length === 0 || isRounding(program, reference, wrong, readings)) return;
      throw error ?? new Error(wrong?.[0].text);
    });
    return await fc.check(property, { numRuns: count, seed });
  } finally {
    await restart();
  }
}

/** Has the backend allocate what it keeps: zeros for the borders of images, the lanes' jobs. */
function warmUp(): void {
  tf.tidy(() => {
    const x = tf.ones<tf.Rank.R4>([1, 9, 9, 32]);
    const filter = tf.ones<tf.Rank.R4>([3, 3, 32, 1]);
    // A stream of two stages, whose rows pass through the lanes' workspaces.
    tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 1, activation: 'leakyrelu' }).dataSync();
  });
}

/** What dynconv makes of a program, or the error with which it ends. */
function attempt(
  program: KernelProgram,
  reference: Run,
): { readings: Reading[] | null; error?: Error } {
  try {
    return { readings: runKernelProgram(program, reference).readings };
  } catch (error) {
    return { readings: null, error: error as Error };
  }
}

/**
 * Whether rounding may explain what differs: where values on the way that are a little off make as
 * much of a difference on the reference backend itself.
 *
 * @param wrong what differs; null where the program failed
 */
function isRounding(
  program: KernelProgram,
  reference: Run,
  wrong: Difference[] | null,
  readings: Reading[] | null,
): boolean {
  let left = wrong;
  for (let seed = 1; seed <= DISTURBED_RUNS; seed++) {
    const disturbed = disturbedReadings(program, reference, seed);
    if (!disturbed) return true;
    const moved = differences(disturbed, reference.readings);
    if (moved.some(({ at }) => at === null)) return true;
    left =
      left?.filter(({ result, at }) => {
        if (at === null || !readings) return true;
        const { values } = reference.readings[result];
        const others = disturbed[result].values;
        if (!Number.isFinite(readings[result].values[at])) return Number.isFinite(others[at]);
        // Written so that a NaN among the disturbed values is doubt enough.
        return (
          Math.abs(readings[result].values[at] - values[at]) > 4 * Math.abs(others[at] - values[at])
        );
      }) ?? null;
    if (left?.length === 0) return true;
  }
  return false;
}
