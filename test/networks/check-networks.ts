import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { setUnrollingTable } from '../../src/index.js';
import { startWith } from '../arrays/start-with.js';
import { watchHeap } from '../backend/canaries.js';
import { dynconv, held, restart } from '../backend/footprint.js';
import { anyNetwork, Network } from './network.js';
import type { NetworkSpec, Read } from './network.js';
import { anyTable } from './table.js';

interface Case {
  network: NetworkSpec;
  table: unknown;
  /** How many lanes compute, one number after the other. */
  lanes: number[];
}

const MOST_LANES = 8;
/** Predictions on each number of lanes: lanes begin early what others have shown. */
const ROUNDS = 6;

const anyCase: fc.Arbitrary<Case> = fc.record({
  network: anyNetwork,
  table: anyTable,
  lanes: fc.array(fc.integer({ min: 2, max: MOST_LANES }), { minLength: 1, maxLength: 2 }),
});

const SYNC: Read = (x) => x.dataSync<'float32'>();
const ASYNC: Read = (x) => x.data<'float32'>();

/**
 * Runs random masked networks under random unrolling tables on several lanes, on a heap whose blocks lie between
 * canaries: what they read are the bits that one lane gives, and nothing is written where it should not be.
 *
 * @returns what fast-check found: a smallest case that fails, if one does, and why
 */
export async function checkNetworks({ count, seed }: { count: number; seed: number }) {
  const before = tf.env().getNumber('DYNCONV_LANES');
  await startWith(MOST_LANES);
  const damage = watchHeap(dynconv().runtime);
  const property = fc.asyncProperty(anyCase, async (each) => {
    try {
      await checkCase(each);
    } finally {
      setUnrollingTable(null);
      assert.deepEqual(damage(), [], 'memory was damaged');
    }
  });
  try {
    return await fc.check(property, { numRuns: count, seed });
  } finally {
    tf.env().set('DYNCONV_LANES', before);
    await restart();
  }
}

async function checkCase({ network: spec, table, lanes }: Case): Promise<void> {
  setUnrollingTable(table);
  const network = new Network(spec);
  try {
    tf.env().set('DYNCONV_LANES', 1);
    const expected = await network.predict(SYNC);
    for (const count of lanes) {
      tf.env().set('DYNCONV_LANES', count);
      let before = '';
      for (let round = 0; round < ROUNDS; round++) {
        const readings = await network.predict(round % 2 === 0 ? SYNC : ASYNC);
        readings.forEach((values, at) => {
          const place = firstDifference(values, expected[at]);
          if (place === null) return;
          const [is, was] = [values[place], expected[at][place]];
          assert.fail(
            `prediction ${round} on ${count} lanes: value ${place} of reading ${at} is ${is}, and ${was} on one`,
          );
        });
        const after = held();
        // The first ones fill caches.
        if (round === ROUNDS - 1)
          assert.equal(after, before, `something is left on ${count} lanes`);
        before = after;
      }
    }
  } finally {
    network.dispose();
  }
}

/** Where the bits of two arrays differ first; null: nowhere. */
function firstDifference(a: Float32Array, b: Float32Array): number | null {
  assert.equal(a.length, b.length);
  const [x, y] = [a, b].map((values) => new Int32Array(values.slice().buffer));
  const place = x.findIndex((bits, at) => bits !== y[at]);
  return place < 0 ? null : place;
}
