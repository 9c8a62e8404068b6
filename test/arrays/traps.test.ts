import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { LaneError } from '../../src/index.js';
import { dynconv, restart } from '../backend/footprint.js';
import { pause, until } from '../support/time.js';

(typeof SharedArrayBuffer === 'undefined' ? describe.skip : describe)('a trap', () => {
  const before = tf.env().getNumber('DYNCONV_LANES');

  after(async () => {
    tf.env().set('DYNCONV_LANES', before);
    await restart();
  });

  it('on a worker fails what is under way, and nothing later', async () => {
    tf.env().set('DYNCONV_LANES', 2);
    await restart();
    const { heap, lanes } = dynconv().runtime;
    await until(() => lanes.ready === 2);
    const command = heap.allocate(256);
    // Addresses of all ones are beyond the end of the memory.
    heap.u8.fill(0xff, command, command + 256);
    lanes.setHelp(false);
    lanes.takesTurns = true;
    for (let trap = 0; trap < 3; trap++) {
      const token = lanes.run('f32_add', [command], 64, [], 2);
      assert.throws(
        () => {
          lanes.wait(token);
        },
        LaneError,
        /f32_add failed on lane [12]/,
      );
      // The worker's message about it comes only now.
      await pause(50);
      lanes.wait(0);
    }
    heap.free(command);
  });
});
