import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { Command } from '../../src/arrays/command.js';
import type { Crew } from '../../src/arrays/crew.js';
import type { Token } from '../../src/arrays/lanes.js';
import { dynconv, restart } from '../backend/footprint.js';
import { predictor } from '../backend/predictor.js';
import type { Predictor } from '../backend/predictor.js';
import { pause, until } from '../support/time.js';

const ROWS = 64;
const CHANNELS = 4;

function crew(): Crew {
  return Reflect.get(dynconv().runtime.lanes, 'crew') as Crew;
}

/** Gives a sum of nothing to the lanes, in two ends, of which none takes one before `meanwhile` is over. */
function postMeanwhile(meanwhile: (token: Token) => void): Token {
  const { heap, lanes } = dynconv().runtime;
  const stride = 4 * CHANNELS;
  const place = { pointer: heap.allocate(ROWS * stride), stride };
  const command = heap.allocate(Command.bytes);
  new Command()
    .input(place)
    .secondInput(place)
    .output(place)
    .channels(CHANNELS)
    .place(heap, command);
  const { callerHelps } = crew();
  crew().setActive(1);
  lanes.takesTurns = true;
  const token = lanes.run('f32_add', [command], ROWS, [], 2);
  lanes.takesTurns = false;
  meanwhile(token);
  lanes.setHelp(callerHelps);
  return token;
}

(typeof SharedArrayBuffer === 'undefined' ? describe.skip : describe)('work changes hands', () => {
  const before = tf.env().getNumber('DYNCONV_LANES');
  let model: Predictor;

  /** Two threads compute, on a machine with a core for another. */
  beforeEach(async () => {
    tf.env().set('DYNCONV_LANES', 2);
    await restart();
    const { lanes } = dynconv().runtime;
    await until(() => lanes.ready === 2);
    lanes.start(2, 3);
    model = predictor(48, 24, 3);
  });

  after(async () => {
    tf.env().set('DYNCONV_LANES', before);
    await restart();
  });

  it('though the calling thread has laid aside a band as it stops to help', async () => {
    const { lanes } = dynconv().runtime;
    const { own } = crew();
    const token = postMeanwhile(() => {
      own.isOver = () => true;
      own.step();
      own.isOver = () => false;
    });
    assert.isTrue(own.hasBand);
    const output = model.predict(model.input);
    await output.data();
    assert.isFalse(own.hasBand);
    assert.isTrue(lanes.isDone(token));
  });

  it('to whoever waits for it if nobody else is left', async () => {
    const { lanes } = dynconv().runtime;
    lanes.setHelp(false);
    // One of them takes the calling thread's place.
    await until(() => lanes.ready === 2);
    let listening = Promise.resolve();
    const token = postMeanwhile((posted) => {
      // Workers seem to be ready, and take nothing.
      Object.defineProperty(crew(), 'ready', { value: 2, configurable: true });
      listening = lanes.whenDone(posted);
      Reflect.deleteProperty(crew(), 'ready');
      lanes.start(1, 3);
    });
    await listening;
    lanes.wait(token);
  });

  it('when the number of threads becomes one at any moment', async () => {
    const expected = tf.tidy(() => model.predict(model.input).dataSync());
    const { lanes } = dynconv().runtime;
    for (let run = 0; run < 20; run++) {
      const output = model.predict(model.input);
      const values = output.data();
      await pause(10 * Math.random());
      lanes.start(1, 3);
      assert.deepEqual(await values, expected);
      output.dispose();
      lanes.start(2, 3);
      await pause(2);
    }
  });
});
