import { assert } from 'chai';
import { Fiber } from '../../src/graph/fiber.js';
import type { Frame } from '../../src/graph/fiber.js';
import type { Demand } from '../../src/graph/node.js';
import type { PixelSet } from '../../src/graph/pixels.js';
import type { Storage } from '../../src/graph/storage.js';
import type { View } from '../../src/graph/view.js';

describe('urgency', () => {
  /** A fiber looks at nothing of a storage but which it is. */
  const storage = (): Storage => Object.create(null) as Storage;
  const demandOf = (of: Storage): Demand => {
    const view = Object.assign(Object.create(null) as View, { storage: of });
    return { view, want: Object.create(null) as PixelSet };
  };
  const fiber = (parent: Fiber | null, isLongest: boolean): Fiber =>
    new Fiber(parent, isLongest, () => undefined);
  const begin = (on: Fiber, of: Storage): void => {
    on.stack.push({ storage: of } as Frame);
  };
  const fork = (parent: Fiber): { longest: Fiber; other: Fiber } => {
    const [longest, other] = [fiber(parent, true), fiber(parent, false)];
    parent.awaitBranches([longest, other]);
    return { longest, other };
  };

  it('is that of the longest branch', () => {
    const root = fiber(null, true);
    const { longest, other } = fork(root);
    assert.isTrue(root.isUrgent && longest.isUrgent);
    assert.isFalse(other.isUrgent);
    assert.isFalse(fork(other).longest.isUrgent, 'the longest branch of one that can wait');
  });

  it('passes to who has the node under way that is waited for, until it is there', () => {
    const { longest, other } = fork(fiber(null, true));
    const shared = storage();
    begin(other, storage());
    begin(other, shared);
    begin(other, storage());
    longest.awaitNode(demandOf(shared), other);
    assert.isTrue(other.isUrgent);
    other.pop();
    assert.isTrue(other.isUrgent, 'the shared node is still under way');
    other.pop();
    assert.isFalse(other.isUrgent, 'what is left concerns nobody else');
  });

  it('passes on to all that is waited for in turn', () => {
    const { longest, other } = fork(fiber(null, true));
    const [first, second] = [storage(), storage()];
    begin(other, first);
    const below = fork(other);
    const elsewhere = fiber(other, false);
    begin(elsewhere, second);
    below.longest.awaitNode(demandOf(second), elsewhere);
    assert.isFalse(below.longest.isUrgent || elsewhere.isUrgent);
    longest.awaitNode(demandOf(first), other);
    assert.isTrue(below.longest.isUrgent && elsewhere.isUrgent);
    assert.isFalse(below.other.isUrgent);
  });

  it('does not pass from a branch that can wait', () => {
    const { longest, other } = fork(fiber(null, true));
    const { longest: inner, other: innermost } = fork(other);
    const shared = storage();
    begin(innermost, shared);
    inner.awaitNode(demandOf(shared), innermost);
    assert.isFalse(innermost.isUrgent);
    assert.isTrue(longest.isUrgent);
  });

  it('is that of the branches that are left when the longest has come to its end', () => {
    const root = fiber(null, true);
    const { longest, other } = fork(root);
    root.branchEnded(longest);
    assert.isTrue(other.isUrgent);
  });

  it('passes on to the branches that are left, where the longest has come to its end before', () => {
    const { longest, other } = fork(fiber(null, true));
    const shared = storage();
    begin(other, shared);
    const below = fork(other);
    other.branchEnded(below.longest);
    assert.isFalse(below.other.isUrgent);
    longest.awaitNode(demandOf(shared), other);
    assert.isTrue(below.other.isUrgent);
  });
});
