import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { capture } from '../../src/index.js';
import { pause, until } from '../support/time.js';
import { dynconv, restart } from './footprint.js';
import { predictor } from './predictor.js';
import type { Predictor } from './predictor.js';

const REMOVED = /the backend was removed/;

/** What becomes of a promise: its values, or its error. */
async function outcomeOf<T>(promise: Promise<T>): Promise<T | Error> {
  return promise.catch((error: unknown) => error as Error);
}

describe('a backend that is removed', () => {
  const before = tf.env().getNumber('DYNCONV_LANES');
  let model: Predictor;

  const start = async (lanes: number, cores: number): Promise<void> => {
    tf.env().set('DYNCONV_LANES', lanes);
    await restart();
    const { runtime } = dynconv();
    if (typeof SharedArrayBuffer !== 'undefined' && lanes > 1) {
      await until(() => runtime.lanes.ready === lanes);
    }
    runtime.lanes.start(lanes, cores);
    model = predictor(48, 24, 3);
  };

  /** Removes the backend as users do; it can be used again, on another memory. */
  const remove = async (): Promise<void> => {
    const { factory, priority } = tf.engine().registryFactory.dynconv;
    await tf.setBackend('cpu');
    tf.removeBackend('dynconv');
    tf.registerBackend('dynconv', factory, priority);
  };

  after(async () => {
    tf.env().set('DYNCONV_LANES', before);
    await restart();
  });

  for (const [name, lanes, cores] of [
    ['the calling thread alone', 1, 1],
    ['the calling thread and a worker', 2, 2],
    ['workers', 2, 3],
  ] as const) {
    it(`ends every read that is under way by ${name}: right, or with a clear error`, async () => {
      let lost = 0;
      for (let run = 0; run < 12 || lost === 0; run++) {
        await start(lanes, cores);
        const expected = tf.tidy(() => model.predict(model.input).dataSync());
        const outputs = [1, 2].map(() => model.predict(model.input));
        const reads = outputs.map((output) => outcomeOf(output.data()));
        if (run % 4 > 0) await pause(4 * Math.random() * (run % 4));
        await remove();
        for (const read of reads) {
          const values = await read;
          if (values instanceof Error) assert.match(values.message, REMOVED, `run ${run}`);
          else assert.deepEqual(values, expected);
          if (values instanceof Error) lost++;
        }
      }
    });

    it(`keeps what is computed, and computes nothing more, by ${name}`, async () => {
      await start(lanes, cores);
      const read = model.predict(model.input);
      const expected = await read.data();
      const deferred = model.predict(model.input);
      await remove();
      assert.deepEqual(await read.data(), expected);
      assert.deepEqual(read.dataSync(), expected);
      assert.throws(() => deferred.dataSync(), REMOVED);
    });
  }

  it('lets go of tensors and captured functions that outlive it', async () => {
    await start(1, 1);
    const captured = capture((input: tf.Tensor4D) => model.predict(input), model.input);
    const x = tf.tensor1d([1, 2, 3, 4]);
    // Kernels of tfjs-backend-wasm know it by a number.
    tf.tidy(() => tf.topk(x, 2).values.dataSync());
    await remove();
    captured.dispose();
    x.dispose();
    await start(1, 1);
  });
});
