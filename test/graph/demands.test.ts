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

  function input(reach: number, isMasked: boolean): View {
    const primitive: Primitive = {
      name: 'stub',
      reach,
      isMasked,
      evaluate: () => {
        throw new Error('not to be evaluated');
      },
    };
    const tensor = dynconv().defer(primitive, [], [4, 1], 'float32');
    tensors.push(tensor);
    return dynconv().view(tensor);
  }

  it('go to what reads the most first, and the rows come back in the order of the inputs', () => {
    const { runtime } = dynconv();
    const want = PixelSet.all(runtime, 4);
    const inputs = [
      input(1, false),
      input(9, true),
      input(0, true),
      input(7, false),
      input(7, false),
    ];
    const asked: View[] = [];
    const answers = inputs.map(() => Rows.none(runtime, 4, 1, 'float32'));
    const steps = each(inputs, want);
    let step = steps.next(answers[0]);
    while (!step.done) {
      asked.push(step.value.view);
      assert.equal(step.value.want, want);
      step = steps.next(answers[inputs.indexOf(step.value.view)]);
    }
    assert.deepEqual(
      asked.map((view) => inputs.indexOf(view)),
      [3, 4, 0, 1, 2],
    );
    assert.deepEqual(step.value, answers);
    for (const rows of answers) rows.release();
    want.release();
  });
});
