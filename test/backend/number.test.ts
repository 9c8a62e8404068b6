import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { DynconvBackend } from '../../src/backend.js';
import '../../src/index.js';

describe('a number that an operation looks at as it is deferred', () => {
  before(() => tf.setBackend('dynconv'));

  it('is looked at only once lanes have computed it', () => {
    const backend = tf.backend();
    assert.instanceOf(backend, DynconvBackend);
    const { lanes } = backend.runtime;
    const number = tf.scalar(2);
    const view = backend.view(number);
    assert.equal(backend.numberOf(view), 2);
    // As of a tensor that is computed beside what data() of another one waits for.
    const token = 7;
    view.storage.token = token;
    const isDone = lanes.isDone.bind(lanes);
    lanes.isDone = (moment) => moment !== token && isDone(moment);
    try {
      assert.isNull(backend.numberOf(view));
    } finally {
      lanes.isDone = isDone;
      view.storage.token = 0;
      number.dispose();
    }
  });
});
