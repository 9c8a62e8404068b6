import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { assertClose } from './closeness.js';
import { assertLeavesNothing } from './footprint.js';
import { runProgram } from './interpreter.js';
import type { Program } from './program.js';

/** Scores nearer to their threshold than this may end on its other side by rounding alone. */
const LEAST_MARGIN = 1e-4;
const TOLERANCE = 1e-4;

/**
 * Runs a program on a reference backend and on dynconv, and asserts that they read the same values
 * and that nothing is left of it on dynconv.
 */
export async function assertSameAs(reference: string, program: Program): Promise<void> {
  await tf.setBackend(reference);
  const expected = runProgram(program, true);
  fc.pre(expected.margin > LEAST_MARGIN);
  await tf.setBackend('dynconv');
  let actual = expected;
  await assertLeavesNothing(() => {
    actual = runProgram(program);
  });
  assert.equal(actual.outputs.length, expected.outputs.length);
  actual.outputs.forEach(({ shape, values }, index) => {
    const wanted = expected.outputs[index];
    assert.deepEqual(shape, wanted.shape);
    assertClose(values, wanted.values, TOLERANCE, expected.scale);
  });
}
