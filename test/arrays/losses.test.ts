import { assert } from 'chai';
import { LaneError } from '../../src/arrays/lane-error.js';
import { Losses } from '../../src/arrays/losses.js';

describe('losses', () => {
  const error = (lane: number): LaneError => new LaneError('f32_add', lane, 'it ended');

  it('are what was posted since all was known to be well', () => {
    const losses = new Losses();
    assert.isNull(losses.of(1));
    losses.confirm(10);
    const [first, second] = [error(1), error(2)];
    losses.add(20, first);
    losses.confirm(25);
    losses.add(30, second);
    const lost = (token: number) => losses.of(token);
    for (const token of [1, 10, 21, 25, 31]) assert.isNull(lost(token), `token ${token}`);
    for (const token of [11, 20]) assert.equal(lost(token), first);
    for (const token of [26, 30]) assert.equal(lost(token), second);
  });
});
