import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { capture } from '../../src/index.js';
import { assertClose } from '../backend/closeness.js';
import { held } from '../backend/footprint.js';
import { runSession, separately } from './interpreter.js';
import type { Capture, Host } from './interpreter.js';
import { anySession } from './session.js';
import type { Session } from './session.js';
import { WEIGHTS } from './weights.js';
import type { Weights } from './weights.js';

/** Scores nearer to their threshold than this may end on its other side by rounding alone. */
const LEAST_MARGIN = 2e-4;
const TOLERANCE = 2e-4;
/** The largest magnitude of what functions return. */
const SCALE = 4;

/**
 * Runs random sessions on the cpu backend and, twice, on dynconv: what they read is the same, and the second time
 * leaves nothing behind.
 *
 * @returns what fast-check found: a smallest session that fails, if one does, and why
 */
export function checkSessions({ count, seed }: { count: number; seed: number }) {
  return fc.check(fc.asyncProperty(anySession, checkSession), { numRuns: count, seed });
}

async function checkSession(session: Session): Promise<void> {
  const { readings: expected, margin } = await reference(session);
  fc.pre(margin > LEAST_MARGIN);
  await tf.setBackend('dynconv');
  const replays: Host = {
    capture: (make, weights, examples) => capture(make(weights), ...examples),
    onThreshold: () => undefined,
  };
  let before = '';
  for (const round of ['first', 'second']) {
    const readings = await runSession(session, replays);
    assert.equal(readings.length, expected.length);
    readings.forEach((values, at) => {
      try {
        assertClose(values, expected[at], TOLERANCE, SCALE);
      } catch (cause) {
        const { message } = cause as Error;
        throw new Error(`reading ${at} of the ${round} run, ${message}`, { cause });
      }
    });
    const after = held();
    if (round === 'second') assert.equal(after, before, 'something is left');
    before = after;
  }
}

/** What a session reads on the cpu backend, and the least distance of a score from its threshold. */
async function reference(session: Session): Promise<{ readings: Float32Array[]; margin: number }> {
  await tf.setBackend('cpu');
  let margin = Infinity;
  const engine = tf.engine();
  // Nobody gives back the copies of weights: functions that are forgotten may be part of others.
  engine.startScope();
  try {
    const readings = await runSession(session, {
      capture: withCopies,
      onThreshold: (scores, limit) => {
        const distances = tf.tidy(() => tf.abs(tf.sub(scores, limit)).dataSync());
        for (const distance of distances) margin = Math.min(margin, distance);
      },
    });
    return { readings, margin };
  } finally {
    engine.endScope();
  }
}

/** In place of a captured function, one with copies of the weights. */
const withCopies: Capture = (make, weights) => {
  const copies = WEIGHTS.map((name) => [name, weights[name].clone()]);
  const f = separately(make(Object.fromEntries(copies) as Weights));
  return Object.assign(f, { dispose: () => undefined });
};
