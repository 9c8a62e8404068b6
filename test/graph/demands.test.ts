import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { each } from '../../src/graph/node.js';
import type { Primitive } from '../../src/graph/node.js';
import { PixelSet } from '../../src/graph/pixels.js';
import { Rows } from '../../src/graph/rows.js';
import type { View } from '../../src/graph/view.js';
import { dynconv } from '../backend/footprint.js';

describe('demands for the same region of several inputs', () => {
  before(() => tf.setBackend('dynconv'));
  after(() => tf.setBackend('cpu'));

  const tensors: TensorInfo[] = [];
  afterEach(() => {
    for (const { dataId } of tensors.splice(0)) dynconv().disposeData(dataId);
  });

  /** A tensor that is still to be computed, from another one or from nothing. */
  function input(reach: number, isMasked: boolean, from: View[] = []): View {
    const primitive: Primitive = {
      name: 'stub',
      reach,
      isMasked,
      evaluate: () => {
        throw new Error('not to be evaluated');
      },
    };
    const tensor = dynconv().defer(primitive, from, [4, 1], 'float32');
    tensors.push(tensor);
    return dynconv().view(tensor);
  }

  const inputs = () => [
    input(1, false),
    input(9, true),
    input(0, true),
    input(7, false),
    input(7, false),
  ];
  /** The inputs, what reads the most first. */
  const ORDER = [3, 4, 0, 1, 2];

  /** A single pixel of four. */
  function onePixel(): PixelSet {
    const { runtime } = dynconv();
    const list = runtime.arena.allocate(4);
    runtime.heap.i32[list >>> 2] = 2;
    return PixelSet.fromList(runtime, 4, 1, list);
  }

  it('go to what reads the most first, and the rows come back in the order of the inputs', () => {
    const { runtime } = dynconv();
    const want = onePixel();
    const views = inputs();
    const asked: View[] = [];
    const answers = views.map(() => Rows.none(runtime, 4, 1, 'float32'));
    const steps = each(views, want);
    let step = steps.next(answers[0]);
    while (!step.done) {
      assert.isTrue('view' in step.value);
      if (!('view' in step.value)) return;
      asked.push(step.value.view);
      assert.equal(step.value.want, want);
      step = steps.next(answers[views.indexOf(step.value.view)]);
    }
    assert.deepEqual(
      asked.map((view) => views.indexOf(view)),
      ORDER,
    );
    assert.deepEqual(step.value, answers);
    for (const rows of answers) rows.release();
    want.release();
  });

  it('are made at once where all is wanted of branches', () => {
    const { runtime } = dynconv();
    const want = PixelSet.all(runtime, 4);
    const views = inputs();
    const answers = views.map(() => Rows.none(runtime, 4, 1, 'float32'));
    const steps = each(views, want);
    const step = steps.next(answers[0]);
    assert.isTrue(!step.done && 'demands' in step.value);
    if (step.done || !('demands' in step.value)) return;
    const { demands, rows } = step.value;
    assert.deepEqual(
      demands.map(({ view }) => views.indexOf(view)),
      ORDER,
    );
    for (const [at, { view }] of demands.entries()) rows[at] = answers[views.indexOf(view)];
    const end = steps.next(answers[0]);
    assert.isTrue(end.done);
    assert.deepEqual(end.value, answers);
    for (const rows of answers) rows.release();
    want.release();
  });

  it('are made one after the other where an input is computed from another', () => {
    const { runtime } = dynconv();
    const want = PixelSet.all(runtime, 4);
    const x = input(1, false);
    const block = input(2, true, [input(1, false, [x])]);
    const none = Rows.none(runtime, 4, 1, 'float32');
    const step = each([block, x], want).next(none);
    assert.isTrue(!step.done && 'view' in step.value && step.value.view === x);
    none.release();
    want.release();
  });
});
