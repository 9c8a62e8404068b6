import { assert } from 'chai';
import { HAS_WORKERS } from '../arrays/start-with.js';
import { IN_NODE } from '../support/environment.js';
import { checkNetworks } from './check-networks.js';

/** How many, always the same; `npm run programs -- --kind networks --count N --seed S` runs others. */
const NETWORKS = IN_NODE ? 150 : 40;
const SEED = 1;

(HAS_WORKERS ? describe : describe.skip)('random networks under random unrolling tables', () => {
  it('give the same bits on any number of lanes, and write to their memory alone', async () => {
    const { failed, counterexample, errorInstance } = await checkNetworks({
      count: NETWORKS,
      seed: SEED,
    });
    const [each] = counterexample ?? [];
    assert.isFalse(failed, `${JSON.stringify(each)}: ${String(errorInstance)}`);
  });
});
