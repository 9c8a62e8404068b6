import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import type { Runtime } from '../../src/arrays/runtime.js';
import { alignBytes, densify } from '../../src/graph/materialize.js';
import { PixelSet } from '../../src/graph/pixels.js';
import { Rows } from '../../src/graph/rows.js';
import { dynconv } from '../backend/footprint.js';
import { anyPixels, listOf, machine, setOf } from './machine.js';

describe('rows of bytes', () => {
  const TOTAL = 12;
  let runtime: Runtime;

  before(async () => {
    runtime = await machine();
  });
  after(() => tf.setBackend('cpu'));

  /** Leaves ones behind in blocks that are allocated next. */
  function soil(): void {
    const blocks = Array.from({ length: 8 }, () => runtime.arena.allocate(TOTAL * 4));
    for (const block of blocks) runtime.heap.fill(block, 1, TOTAL * 4);
    for (const block of blocks) runtime.arena.free(block);
  }

  it('are zero where another set has pixels that they have not', () => {
    const { arena, heap } = runtime;
    fc.assert(
      fc.property(
        anyPixels(TOTAL),
        anyPixels(TOTAL),
        fc.integer({ min: 1, max: 3 }),
        (from, to, channels) => {
          const [source, target] = [setOf(runtime, TOTAL, from), setOf(runtime, TOTAL, to)];
          const pointer = arena.allocate(Math.max(from.length * channels, 4));
          // The row of pixel p is p + 1, p + 2, ...
          const rowOf = (pixel: number) =>
            Array.from({ length: channels }, (_, c) => pixel + c + 1);
          heap.u8.set(listOf(source).flatMap(rowOf), pointer);
          const rows = Rows.computed(runtime, source, channels, 'bool', pointer);
          soil();
          const aligned = alignBytes(rows, target);
          const expected = listOf(target).flatMap((pixel) =>
            from.includes(pixel) ? rowOf(pixel) : rowOf(pixel).fill(0),
          );
          const found = heap.u8.subarray(aligned.pointer, aligned.pointer + expected.length);
          assert.deepEqual([...found], expected);
          aligned.release();
          for (const set of [source, target]) set.release();
        },
      ),
    );
  });
});

describe('rows of another tensor that become values of their own', () => {
  before(() => tf.setBackend('dynconv'));
  after(() => tf.setBackend('cpu'));

  it('are read by the job that copies them until it is done', async () => {
    const runtime = await machine();
    const { lanes } = runtime;
    const [read, written] = [tf.ones([16, 4]), tf.zeros([16, 4])];
    const storageOf = ({ dataId }: tf.Tensor) => dynconv().slot(dataId).storage;
    const [source, target] = [storageOf(read), storageOf(written)];
    if (!source || !target) throw new Error('both lie in memory');
    // As if other lanes were to run what is posted.
    const posted = lanes.posted + 1;
    lanes.run = () => posted;
    lanes.isDone = (token) => token < posted;
    try {
      const set = PixelSet.all(runtime, 16);
      const rows = Rows.of(source, set, 4);
      runtime.heap.free(target.surrender());
      densify(target, rows);
      assert.deepEqual([...source.readers], [posted]);
    } finally {
      Reflect.deleteProperty(lanes, 'run');
      Reflect.deleteProperty(lanes, 'isDone');
      runtime.endEvaluation();
    }
    tf.dispose([read, written]);
  });
});
