import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { LaneError } from '../../src/index.js';
import { Command } from '../../src/arrays/command.js';
import { MOST_LANES } from '../../src/arrays/control.js';
import { dynconv, footprint, restart } from '../backend/footprint.js';
import { hourglassPredictor, predictor } from '../backend/predictor.js';
import type { Predictor } from '../backend/predictor.js';
import { filter, quarters } from '../backend/random-tensors.js';
import { IN_NODE } from '../support/environment.js';
import { pause, until } from '../support/time.js';
import { HAS_WORKERS, startWith } from './start-with.js';

/**
 * Predictions while workers die; more by `npm run test:soak`. Chromium takes two seconds to end a
 * worker that is told to.
 */
const SOAK_PREDICTIONS = IN_NODE ? Number(process.env.SOAK_PREDICTIONS ?? 300) : 10;
const MOST_BETWEEN_KILLS_MS = 250;

/** A network whose blocks are large enough to be cut into bands. */
const large = (): Predictor => predictor(48, 24, 3);

/** How many kernel calls each lane made during `f`. */
async function callsOf(f: () => unknown): Promise<number[]> {
  const { recorder } = dynconv().runtime.lanes;
  recorder.begin(MOST_LANES + 1);
  await f();
  const counts = new Array<number>(MOST_LANES + 1).fill(0);
  for (const { lane } of recorder.take()) counts[lane]++;
  recorder.end();
  return counts;
}

/**
 * Repeats `f` until each of some lanes has made a kernel call: a busy system lets a thread wait. The
 * calls that each lane made in all.
 */
async function untilAtWork(wanted: readonly number[], f: () => unknown): Promise<number[]> {
  const calls = new Array<number>(MOST_LANES + 1).fill(0);
  do {
    const made = await callsOf(f);
    made.forEach((count, lane) => (calls[lane] += count));
  } while (!wanted.every((lane) => calls[lane] > 0));
  return calls;
}

describe('lanes', () => {
  const before = tf.env().getNumber('DYNCONV_LANES');
  let model: Predictor;
  let expected: Float32Array;

  /** What a network gives on one lane. */
  const onOneLane = async (network: () => Predictor): Promise<Float32Array> => {
    await startWith(1);
    model = network();
    const values = tf.tidy(() => model.predict(model.input).dataSync<'float32'>());
    model.dispose();
    return values;
  };

  beforeEach(async () => {
    expected = await onOneLane(large);
  });

  after(async () => {
    tf.env().set('DYNCONV_LANES', before);
    await restart();
  });

  for (const lanes of [2, 3, 4, 8]) {
    for (const [name, network] of [
      ['a chain', large],
      ['branches', hourglassPredictor],
    ] as const) {
      it(`give the same to the bit for ${name}, ${lanes} of them`, async () => {
        const alone = await onOneLane(network);
        await startWith(lanes);
        model = network();
        for (let run = 0; run < 10; run++) {
          const output = model.predict(model.input);
          const values = run % 2 === 0 ? output.dataSync() : await output.data();
          output.dispose();
          assert.deepEqual(values, alone);
        }
        model.dispose();
      });
    }
  }

  it('let others have the calling thread in the middle of one operation that it computes alone', async () => {
    await startWith(1);
    const x = quarters([1, 128, 128, 64], 1) as tf.Tensor4D;
    const weights = filter([3, 3, 64, 128], 2);
    const conv = (): tf.Tensor => tf.conv2d(x, weights, 1, 'same');
    const whole = conv();
    const parts = conv();
    // Every message is a turn of the event loop; timers come as rarely as the host likes.
    const { port1, port2 } = new MessageChannel();
    let turns = 0;
    port1.onmessage = () => {
      turns++;
      port2.postMessage(null);
    };
    port2.postMessage(null);
    const values = await parts.data();
    port1.close();
    // There is a turn at the end whatever comes.
    assert.isAbove(turns, 2);
    assert.deepEqual(values, whole.dataSync());
    tf.dispose([x, weights, whole, parts]);
  });

  if (!HAS_WORKERS) {
    it('are the calling thread alone where memory cannot be shared', async () => {
      await startWith(4);
      model = large();
      const [own, ...others] = await callsOf(() => {
        model.predict(model.input).dataSync();
      });
      assert.isAbove(own, 0);
      assert.isTrue(others.every((count) => count === 0));
      model.dispose();
    });
    return;
  }

  it('all take part, and the calling thread where it has to wait or no core is left for another', async () => {
    await startWith(2);
    model = large();
    const read = (async: boolean) => async (): Promise<void> => {
      const output = model.predict(model.input);
      if (async) await output.data();
      else output.dataSync();
      output.dispose();
    };
    const { lanes } = dynconv().runtime;
    await untilAtWork([0, 1], read(false));
    lanes.start(2, 2);
    await untilAtWork([0, 1], read(true));
    lanes.start(2, 3);
    await read(true)();
    await until(() => lanes.workers.count === 2);
    const alone = await untilAtWork([1, 2], read(true));
    assert.equal(alone[0], 0);
    await untilAtWork([0, 1], read(false));
    model.dispose();
  });

  it('are as many as the flag says, whenever it is set', async () => {
    await startWith(2);
    model = large();
    const predict = (): void => {
      tf.tidy(() => {
        assert.deepEqual(model.predict(model.input).dataSync(), expected);
      });
    };
    for (const count of [1, 3, 2]) {
      tf.env().set('DYNCONV_LANES', count);
      await until(() => dynconv().runtime.lanes.ready === (count > 1 ? count : 0));
      const wanted = Array.from({ length: count }, (_, lane) => lane);
      const calls = await untilAtWork(wanted, predict);
      assert.deepEqual(
        calls.map((made, lane) => made > 0 && lane),
        Array.from(calls, (_, lane) => lane < count && lane),
      );
    }
    model.dispose();
  });

  // A page's workers start only while its thread waits, whenever they are asked to.
  (IN_NODE ? it : it.skip)('start, too, while the calling thread never waits', async () => {
    tf.env().set('DYNCONV_LANES', 2);
    await restart();
    model = large();
    const { lanes } = dynconv().runtime;
    const end = performance.now() + 10_000;
    while (lanes.ready < 2 && performance.now() < end) {
      tf.tidy(() => {
        assert.deepEqual(model.predict(model.input).dataSync(), expected);
      });
    }
    assert.equal(lanes.ready, 2);
    model.dispose();
  });

  it('leave workers that are too many at rest, though nobody waits', async () => {
    await startWith(2);
    tf.env().set('DYNCONV_LANES', 1);
    model = large();
    const [own, ...others] = await callsOf(async () => {
      for (let run = 0; run < 5; run++) {
        const output = model.predict(model.input);
        assert.deepEqual(await output.data(), expected);
        output.dispose();
      }
    });
    assert.isAbove(own, 0);
    assert.isTrue(others.every((count) => count === 0));
    model.dispose();
  });

  it('sleep when there is nothing to do', async () => {
    await startWith(4);
    model = large();
    model.predict(model.input).dataSync();
    await until(() => dynconv().runtime.lanes.isAsleep);
    model.dispose();
  });

  it('are awake when there is work ahead, and sleep when there is none', async () => {
    await startWith(3);
    const { lanes } = dynconv().runtime;
    /** Where others want the cores, lanes sleep again soon: look at once, and for a moment. */
    const wake = (): boolean => {
      lanes.areAlert = true;
      for (const end = performance.now() + 1; performance.now() < end;) {
        if (!lanes.isAsleep) return true;
      }
      return false;
    };
    for (let run = 0; run < 3; run++) {
      await until(() => lanes.isAsleep);
      await until(wake);
      lanes.areAlert = false;
    }
    await until(() => lanes.isAsleep);
    lanes.areAlert = true;
    // Whoever never reads what he deferred does not keep them awake.
    await until(() => lanes.isAsleep);
    lanes.areAlert = false;
  });

  it('serve predictions that are under way at once, and reads in the middle of one', async () => {
    await startWith(2);
    model = large();
    const outputs = Array.from({ length: 4 }, () => model.predict(model.input));
    const [first, second, third, fourth] = outputs;
    const reads = [first.data(), second.data()];
    await pause(0);
    assert.deepEqual(third.dataSync(), expected);
    reads.push(fourth.data());
    const doubled = tf.mul(first, 2);
    first.dispose();
    for (const values of await Promise.all(reads)) assert.deepEqual(values, expected);
    assert.deepEqual(
      doubled.dataSync(),
      expected.map((value) => 2 * value),
    );
    tf.dispose([second, third, fourth, doubled]);
    model.dispose();
  });

  it('let timers go on while they compute', async () => {
    await startWith(2);
    model = large();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    for (let run = 0; run < 30; run++) {
      const output = model.predict(model.input);
      await output.data();
      output.dispose();
    }
    clearInterval(timer);
    assert.isAbove(turns, 0);
    model.dispose();
  });

  it('start a job once all that it reads is there, whatever the order', async () => {
    await startWith(4);
    const { arena, heap, lanes } = dynconv().runtime;
    const [ROWS, CHANNELS, JOBS] = [64, 32, 400];
    const anyJob = fc.record({
      readers: fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
      isUrgent: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyJob, { minLength: JOBS, maxLength: JOBS }), (jobs) => {
        const stride = CHANNELS * 4;
        const one = arena.allocate(ROWS * stride);
        heap.f32.fill(1, one >>> 2, (one >>> 2) + ROWS * CHANNELS);
        const made = [{ pointer: one, token: 0, value: 1 }];
        for (const { readers, isUrgent } of jobs) {
          // The sum of some results, mostly of late ones, one stage for each.
          const read = readers.map((at) => made[Math.max(0, made.length - 1 - (at % 12))]);
          const pointer = arena.allocate(ROWS * stride);
          heap.f32.fill(0, pointer >>> 2, (pointer >>> 2) + ROWS * CHANNELS);
          const stages = read.map((source) => {
            const command = arena.allocate(Command.bytes);
            new Command()
              .input({ pointer: source.pointer, stride })
              .secondInput({ pointer, stride })
              .output({ pointer, stride })
              .channels(CHANNELS)
              .place(heap, command);
            return { kernel: 'f32_add', command, inWorkspace: 0, clock: null } as const;
          });
          const until = [0, 8, 16, 24, 32, 40, 48, 56, 64].flatMap((row) => stages.map(() => row));
          const strips = { until, from: until, most: 3 };
          const cut = { strips, bands: [0, 5, 8], ends: 4 };
          lanes.isUrgent = isUrgent;
          const after = read.map(({ token }) => token);
          const token = lanes.post({ stages, ...cut, array: 0, workspace: 0 }, after);
          const value = read.reduce((sum, source) => sum + source.value, 0);
          made.push({ pointer, token, value });
          // Float32 adds whole numbers exactly only so far.
          if (value > 1e6) made.splice(1, made.length - 2);
          if (value > 1e6) made.pop();
        }
        lanes.isUrgent = true;
        lanes.drain();
        for (const { pointer, value } of made) {
          const values = heap.f32.subarray(pointer >>> 2, (pointer >>> 2) + ROWS * CHANNELS);
          assert.isTrue(values.every((found) => found === value));
        }
        arena.clear();
      }),
      { numRuns: 20 },
    );
  });

  it('name the kernel that traps, and work on', async () => {
    await startWith(2);
    model = large();
    const { runtime } = dynconv();
    const command = runtime.heap.allocate(256);
    // Addresses of all ones are beyond the end of the memory.
    runtime.heap.u8.fill(0xff, command, command + 256);
    const stage = { kernel: 'f32_add', command, inWorkspace: 0, clock: null } as const;
    const until = [0, 1, 2, 3, 4];
    const cut = { strips: { until, from: until, most: 1 }, bands: [0, 2, 4], ends: 4 };
    const trap = (): void => {
      runtime.lanes.wait(runtime.lanes.post({ stages: [stage], ...cut, array: 0, workspace: 0 }));
    };
    assert.throws(trap, LaneError, /f32_add failed on lane \d/);
    runtime.heap.free(command);
    assert.deepEqual(
      tf.tidy(() => model.predict(model.input).dataSync()),
      expected,
    );
    model.dispose();
  });

  it('start again however often they are told to end at once', async () => {
    await startWith(2);
    const { lanes } = dynconv().runtime;
    for (let kill = 0; kill < 7; kill++) {
      lanes.workers.terminate(1);
      await until(() => lanes.ready === 0);
      await until(() => lanes.ready === 2);
    }
  });

  for (const [name, cores] of [
    ['beside the calling thread', 2],
    ['in its place', 3],
  ] as const)
    it(`outlast workers that die at random moments, ${name}`, async () => {
      const small = (): Predictor => hourglassPredictor(16, 16, 2);
      const right = await onOneLane(small);
      await startWith(2);
      model = small();
      const { lanes } = dynconv().runtime;
      lanes.start(2, cores);
      let deaths = 0;
      const predict = async (): Promise<void> => {
        const output = model.predict(model.input);
        try {
          assert.deepEqual(await output.data(), right);
        } catch (error) {
          assert.instanceOf(error, LaneError);
          deaths++;
        } finally {
          output.dispose();
        }
      };
      for (let i = 0; i < 3; i++) await predict();
      const held = footprint();
      let kills = 0;
      let next = 0;
      for (let count = 0; count < SOAK_PREDICTIONS || kills < 3; count++) {
        const running = predict();
        if (performance.now() > next) {
          next = performance.now() + MOST_BETWEEN_KILLS_MS * Math.random();
          await pause(3 * Math.random());
          lanes.workers.terminate(1 + (kills++ % lanes.workers.count));
        }
        await running;
      }
      assert.isAtMost(deaths, kills);
      await until(() => lanes.ready === 2);
      await predict();
      const { blocks, tensors } = footprint();
      assert.deepEqual({ blocks, tensors }, { blocks: held.blocks, tensors: held.tensors });
      if (SOAK_PREDICTIONS > 1000) console.log(`      ${kills} kills, ${deaths} predictions lost`);
      model.dispose();
    });

  it('end with the backend', async () => {
    await startWith(4);
    const { lanes } = dynconv().runtime;
    tf.env().set('DYNCONV_LANES', 1);
    await restart();
    await until(() => lanes.workers.running === 0);
  });
});
