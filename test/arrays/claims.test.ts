import { assert } from 'chai';
import { Control, LaneWord, SLOTS, Slot, laneAt, slotAt } from '../../src/arrays/control.js';
import { EVENT_BYTES, takeEvents } from '../../src/arrays/events.js';
import { BASE, Bench, justAfter, justBefore } from './two-threads.js';

/** A thread stands still there. */
class Halt extends Error {}

describe('claims', () => {
  const { load, store, compareExchange } = Atomics;
  const slot = BASE + slotAt(0);

  afterEach(() => {
    Object.assign(Atomics, { load, store, compareExchange });
  });

  it('of a job do not take an end of the next one in its slot', () => {
    const bench = new Bench(4);
    const [fast, slow] = [bench.lane(1), bench.lane(2)];
    bench.post(1, 1000);
    fast.isOver = () => true;
    fast.step();
    // `slow` has read that the one end is taken, and stands still meanwhile.
    justAfter('load', slot + Slot.Claim, () => {
      fast.isOver = () => false;
      fast.step();
      for (let job = 1; job < SLOTS; job++) {
        bench.post(1, 1000 + job);
        fast.step();
      }
      // The next job in the slot has more ends, and is not all there yet.
      justBefore('store', slot + Slot.Left, () => {
        throw new Halt();
      });
      assert.throws(() => bench.post(4, 9999), Halt);
    });
    assert.isFalse(slow.step());
    assert.lengthOf(bench.calls, 2 * SLOTS);
    assert.isTrue(bench.calls.every(({ lane }) => lane === 1));
  });

  it('of jobs that are given up meanwhile take no end of them', () => {
    const bench = new Bench(4);
    const slow = bench.lane(2);
    const faults = bench.faults(3);
    bench.post(4, 1000);
    justBefore('store', bench.laneWord(2, LaneWord.Busy), () => {
      faults.giveUp();
    });
    assert.isFalse(slow.step());
    assert.lengthOf(bench.calls, 0);
    assert.isTrue(bench.jobs.areDone);
  });

  it('are not of what was posted since the lane was told to rest', () => {
    const bench = new Bench(8);
    const rested = bench.lane(5);
    justBefore('load', BASE + Control.Head, () => {
      Atomics.store(bench.words, BASE + Control.Active, 2);
      bench.post(8, 1000);
    });
    assert.isFalse(rested.step());
    assert.lengthOf(bench.calls, 0);
  });

  it('of a lane that was given up do not concern jobs that come later', () => {
    const bench = new Bench(4);
    const { jobs, calls } = bench;
    const [fast, slow] = [bench.lane(1), bench.lane(2)];
    const faults = bench.faults(3);
    const setAside = (): void => {
      slow.isOver = () => true;
      slow.step();
      slow.isOver = () => false;
    };
    bench.post(2, 1000);
    setAside();
    faults.giveUp();
    assert.isTrue(jobs.areDone);
    for (let job = 1; job < SLOTS; job++) {
      bench.post(1, 1000 + job);
      fast.step();
    }
    const token = bench.post(2, 9999);
    // It is not ended yet, and goes on with what it had.
    while (slow.step());
    assert.isFalse(jobs.isDone(token));
    assert.deepEqual(
      new Set(calls.filter(({ lane }) => lane === 2).map(({ command }) => command)),
      new Set([1000]),
    );
    while (fast.step());
    assert.isTrue(jobs.isDone(token));
    // Another worker in its place takes bands.
    faults.ended(2, 'the thread ended');
    const other = bench.lane(2);
    bench.post(2, 8888);
    while (other.step());
    assert.isTrue(jobs.areDone);
  });

  it('see the memory in which events are noted, if they are', () => {
    const bench = new Bench(4);
    const lane = bench.lane(1);
    bench.post(1, 1000);
    const notes = BASE + Control.Trace;
    justBefore('load', notes, () => {
      bench.grow();
      bench.words[bench.laneWord(1, LaneWord.Events)] = bench.words.byteLength - EVENT_BYTES;
      bench.words[notes] = 1;
    });
    lane.step();
    const events = takeEvents(bench.words, BASE + laneAt(1));
    assert.deepEqual(
      events.map(({ layer }) => layer),
      bench.calls.map(() => -1),
    );
  });
});
