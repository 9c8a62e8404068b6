import '@tensorflow/tfjs-backend-cpu';
import { assert } from 'chai';
import fc from 'fast-check';
import { setUnrollingTable } from '../../src/index.js';
import shipped from '../../tables/cpu-128.json' with { type: 'json' };
import type { Job } from '../../src/arrays/job.js';
import { assertSameAs } from '../backend/compare.js';
import { anyProgram, anyWideProgram } from '../backend/program.js';
import { machine } from './machine.js';

describe('strips', () => {
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
        const several = job.bands.some(({ ends }) => ends.length > layers);
        streams[several ? 'inMore' : 'inOneStrip']++;
      }
      return post(job, after);
    };
  });

  after(async () => {
    setUnrollingTable(null);
    const { lanes } = await machine();
    Reflect.deleteProperty(lanes, 'post');
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
