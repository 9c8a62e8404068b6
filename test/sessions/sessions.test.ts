import { assert } from 'chai';
import { IN_NODE } from '../support/environment.js';
import { checkSessions } from './check-sessions.js';

/** How many, always the same; `npm run programs -- --kind sessions --count N --seed S` runs others. */
const SESSIONS = IN_NODE ? 200 : 40;
const SEED = 1;

describe('random sessions', () => {
  it('read what the cpu backend gives, and leave nothing behind', async () => {
    const { failed, counterexample, errorInstance } = await checkSessions({
      count: SESSIONS,
      seed: SEED,
    });
    const [session] = counterexample ?? [];
    assert.isFalse(failed, `${JSON.stringify(session)}: ${String(errorInstance)}`);
  });
});
