import { assert } from 'chai';
import '../../src/index.js';
import { IN_NODE } from '../support/environment.js';
import { checkKernelPrograms } from './kernel-programs.js';

/** How many programs; `npm run programs -- --count N` runs more. */
const PROGRAMS = IN_NODE ? 2000 : 100;

describe('random programs of all kernels', () => {
  it('give what the cpu backend gives, and leave nothing behind', async function () {
    this.timeout(300_000);
    const { failed, counterexample, errorInstance } = await checkKernelPrograms({
      count: PROGRAMS,
      seed: Math.floor(Math.random() * 2 ** 31),
    });
    const [program] = counterexample ?? [];
    assert.isFalse(failed, `${JSON.stringify(program)}: ${String(errorInstance)}`);
  });
});
