import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import '../../src/index.js';
import { assertSameAs } from './compare.js';
import { anyProgram } from './program.js';

describe('random programs', () => {
  afterEach(() => {
    tf.env().set('DYNCONV_SKIP', true);
  });

  for (const [skip, numRuns] of [
    [true, 500],
    [false, 500],
  ] as const) {
    it(`give what the cpu backend gives, with DYNCONV_SKIP ${skip}`, () => {
      tf.env().set('DYNCONV_SKIP', skip);
      return fc.assert(
        fc.asyncProperty(anyProgram, (program) => assertSameAs('cpu', program)),
        { numRuns },
      );
    });
  }
});
