import { assert } from 'chai';
import { random, uniform } from './random.js';
import { Sandbox } from './sandbox.js';
import { sameWindows, windowFields } from './windows.js';

const BEYOND_2_GIB = 2 ** 31 + 65536;

describe('the kernels', () => {
  it('take addresses beyond 2 GiB for what they are', async function () {
    let sandbox: Sandbox;
    try {
      sandbox = (await Sandbox.create('simd', BEYOND_2_GIB))!;
    } catch (error) {
      // A host that has not as much memory to reserve.
      if (error instanceof RangeError) this.skip();
      throw error;
    }
    const windows = sameWindows(3, 3, 3);
    const values = uniform(random(1), 9 * 8);
    const out = sandbox.alloc(values.byteLength);
    const weights = new Float32Array(9 * 8).fill(0).fill(1, 4 * 8, 5 * 8);
    const command = sandbox.placeCommand({
      ...{ InBase: sandbox.placeFloats(values), InStride: 32, InChannels: 8 },
      ...{ OutBase: out, OutStride: 32, Zero: sandbox.placeFloats(new Float32Array(8)) },
      ...{ Weights: sandbox.placeFloats(weights), ...windowFields(windows) },
    });
    sandbox.run('f32_dwconv_8x4', command, 0, 9);
    assert.deepEqual(sandbox.floats(out, values.length), values);
  });
});
