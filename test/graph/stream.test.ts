import '@tensorflow/tfjs-backend-cpu';
import { assert } from 'chai';
import fc from 'fast-check';
import { setUnrollingTable } from '../../src/index.js';
import shipped from '../../tables/cpu-128.json' with { type: 'json' };
import type { Band } from '../../src/arrays/band.js';
import type { Crew } from '../../src/arrays/crew.js';
import { JobWord } from '../../src/arrays/job.js';
import type { Job } from '../../src/arrays/job.js';
import type { Lane } from '../../src/arrays/lane.js';
import { assertSameAs } from '../backend/compare.js';
import { anyProgram, anyWideProgram } from '../backend/program.js';
import { machine } from './machine.js';

/**
 * Has the calling thread run every job as two lanes would, one from each end of a band, which take strips by
 * turns that `isBelow` chooses.
 */
function workFromBothEnds(own: Lane, isBelow: () => boolean): void {
  const above = Reflect.get(own, 'other') as Band;
  const below = Reflect.get(own, 'urgent') as Band;
  own.runAll = (at, array): void => {
    for (let band = 0; band < own.view()[at + JobWord.Bands]; band++) {
      above.take(-1, at, 2 * band, array);
      below.take(-1, at, 2 * band + 1, array);
      let open = [above, below];
      while (open.length > 0) {
        const [first, last = first] = open;
        const next = isBelow() ? last : first;
        let strips = 0;
        if (next.run(() => ++strips > 1)) open = open.filter((one) => one !== next);
      }
    }
  };
}

for (const ends of ['one end', 'both ends'])
  describe(`strips, from ${ends}`, () => {
    /** How many streams of several layers ran in one strip, and in more. */
    let streams: { inOneStrip: number; inMore: number };

    before(async () => {
      // Strips of one tile, as large maps have them beside a small cache.
      const temporal = { ...shipped.temporal, stripBytes: 64, stripRows: 1 };
      setUnrollingTable({ ...shipped, temporal });
      streams = { inOneStrip: 0, inMore: 0 };
      const { lanes } = await machine();
      const post = lanes.post.bind(lanes);
      lanes.post = (job: Job, after) => {
        const layers = job.stages.length;
        if (layers > 1) {
          const several = (job.bands.at(-1) ?? 0) > 1;
          streams[several ? 'inMore' : 'inOneStrip']++;
        }
        return post(job, after);
      };
      if (ends === 'one end') return;
      let state = 1;
      const { own } = Reflect.get(lanes, 'crew') as Crew;
      workFromBothEnds(own, () => {
        state = Math.imul(state, 1103515245) + 12345;
        return state < 0;
      });
      Object.defineProperty(lanes, 'ready', { value: 2, configurable: true });
    });

    after(async () => {
      setUnrollingTable(null);
      const { lanes } = await machine();
      Reflect.deleteProperty(lanes, 'post');
      Reflect.deleteProperty(lanes, 'ready');
      Reflect.deleteProperty((Reflect.get(lanes, 'crew') as Crew).own, 'runAll');
    });

    for (const [what, programs, numRuns] of [
      ['small', anyProgram, 120],
      ['wide', anyWideProgram, 30],
    ] as const) {
      it(`give what whole layers give, of ${what} maps`, async () => {
        await fc.assert(
          fc.asyncProperty(programs, (program) => assertSameAs('cpu', program)),
          { numRuns },
        );
        assert.isAbove(streams.inMore, streams.inOneStrip, 'streams of several strips');
      });
    }
  });
