import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { OutOfMemoryError } from '../../src/index.js';
import { Control, LaneWord, MOST_LANES, laneAt } from '../../src/arrays/control.js';
import type { Crew } from '../../src/arrays/crew.js';
import { dynconv, restart } from '../backend/footprint.js';

/** Runs `f` while only so many blocks can be allocated. */
function withBlocks(count: number, f: () => void): void {
  const { heap } = dynconv().runtime;
  const allocate = heap.allocate.bind(heap);
  let left = count;
  heap.allocate = (bytes) => {
    if (left-- === 0) throw new OutOfMemoryError(bytes);
    return allocate(bytes);
  };
  try {
    f();
  } finally {
    Reflect.deleteProperty(heap, 'allocate');
  }
}

(typeof SharedArrayBuffer === 'undefined' ? describe.skip : describe)('workspaces', () => {
  const before = tf.env().getNumber('DYNCONV_LANES');
  let crew: Crew;

  /** The workspaces of all lanes, two each. */
  const workspaces = (): number[] =>
    Array.from({ length: MOST_LANES + 1 }, (_, lane) => {
      const at = crew.base + laneAt(lane);
      return [LaneWord.Workspace, LaneWord.UrgentWorkspace].map((word) => crew.view()[at + word]);
    }).flat();

  beforeEach(async () => {
    tf.env().set('DYNCONV_LANES', 3);
    await restart();
    crew = Reflect.get(dynconv().runtime.lanes, 'crew') as Crew;
    crew.reserve(1000);
  });

  after(async () => {
    tf.env().set('DYNCONV_LANES', before);
    await restart();
  });

  it('stay as they are if there is no memory for larger ones', () => {
    const { heap } = dynconv().runtime;
    const given = workspaces();
    assert.isTrue(given.slice(0, 8).every((pointer) => pointer !== 0));
    const { blocks } = heap;
    for (const count of [0, 3, 7]) {
      withBlocks(count, () => {
        assert.throws(() => {
          crew.reserve(2000);
        }, OutOfMemoryError);
      });
      assert.deepEqual(workspaces(), given);
      assert.equal(heap.blocks, blocks);
    }
    crew.reserve(2000);
    const larger = workspaces().slice(0, 8);
    assert.isTrue(larger.every((pointer, index) => pointer !== 0 && pointer !== given[index]));
    assert.equal(heap.blocks, blocks);
  });

  it('are not missing if there is no memory for those of more lanes', () => {
    const { lanes } = dynconv().runtime;
    const given = workspaces();
    for (const count of [0, 1, 6]) {
      withBlocks(count, () => {
        assert.throws(() => {
          lanes.start(5, 8);
        }, OutOfMemoryError);
      });
      assert.deepEqual(workspaces(), given);
      // As few lanes as before take bands of what needs larger ones.
      crew.reserve(2000 + count);
      assert.equal(workspaces().filter((pointer) => pointer !== 0).length, 8);
      assert.equal(lanes.workers.count, 2);
      crew.setActive(0);
      lanes.setHelp(true);
      assert.equal(crew.view()[crew.base + Control.Active], 3);
      given.splice(0, given.length, ...workspaces());
    }
  });
});
