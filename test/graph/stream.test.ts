import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import '../../src/index.js';
import { assertSameAs } from '../backend/compare.js';
import { anyWideProgram } from '../backend/program.js';

describe('strips', () => {
  it('give what whole layers give', () =>
    fc.assert(
      fc.asyncProperty(anyWideProgram, (program) => assertSameAs('cpu', program)),
      { numRuns: 40 },
    ));
});
