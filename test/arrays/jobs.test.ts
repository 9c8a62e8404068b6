import { assert } from 'chai';
import { Control, MOST_NEEDS, SLOTS } from '../../src/arrays/control.js';
import { BASE, Bench } from './two-threads.js';

/** A memory whose lanes have done so many jobs. */
function after(jobs: number): Bench {
  const bench = new Bench(4);
  Object.assign(bench.jobs, { posted: jobs, known: jobs });
  bench.words[BASE + Control.Done] = jobs | 0;
  bench.words[BASE + Control.Head] = jobs | 0;
  return bench;
}

describe('jobs', () => {
  for (const [name, count] of [
    ['2^31', 2 ** 31],
    ['2^32', 2 ** 32],
    ['3 * 2^31', 3 * 2 ** 31],
  ] as const) {
    it(`go on, ${name} and more`, () => {
      const bench = after(count - 20);
      const { jobs, calls } = bench;
      const lane = bench.lane(1);
      const tokens: number[] = [];
      for (let job = 0; job < 40; job++) {
        tokens.push(bench.post(1, job, tokens.slice(-(job % (MOST_NEEDS + 3)))));
        if (job % 5 === 4) while (lane.step());
      }
      assert.isTrue(jobs.areDone);
      assert.isTrue(tokens.every((token) => jobs.isDone(token)));
      assert.equal(new Set(calls.map(({ command }) => command)).size, 40);
    });

    it(`wait for one another, ${name} and more`, () => {
      for (const before of [1, 2, 3]) {
        const bench = after(count - before);
        const tokens = [1, 2, 3].map((index) => {
          const token = bench.post(1, 1);
          const slow = bench.lane(index);
          slow.isOver = () => true;
          slow.step();
          return token;
        });
        bench.post(1, 2, tokens.slice(before - 1, before));
        const fast = bench.lane(0);
        assert.isFalse(fast.step());
      }
    });

    it(`are done though ${name} others came later`, () => {
      const bench = after(10);
      const lane = bench.lane(1);
      const token = bench.post(1, 1);
      lane.step();
      // One of them is in the same slot.
      const later = after(token - 1 + SLOTS + count);
      const pending = later.post(1, 2);
      assert.isTrue(later.jobs.isDone(token));
      assert.isTrue(later.jobs.isDone(1));
      assert.isFalse(later.jobs.isDone(pending));
    });
  }
});
