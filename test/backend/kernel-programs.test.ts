import { assert } from 'chai';
import '../../src/index.js';
import { IN_NODE } from '../support/environment.js';
import { checkKernelPrograms } from './kernel-programs.js';

/** How many programs, always the same; `npm run programs -- --count N --seed S` runs others. */
const PROGRAMS = IN_NODE ? 2000 : 100;
const SEED = 1;

describe('random programs of all kernels', () => {
  it('give what the cpu backend gives, and leave nothing behind', async function () {
    this.timeout(300_000);
    const { failed, counterexample, errorInstance } = await checkKernelPrograms({
      count: PROGRAMS,
      seed: SEED,
    });
    const [program] = counterexample ?? [];
    assert.isFalse(failed, `${JSON.stringify(program)}: ${String(errorInstance)}`);
  });
});
