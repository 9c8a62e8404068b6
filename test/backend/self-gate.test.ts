import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { profile } from '../../src/index.js';
import { assertClose } from './closeness.js';
import { assertLeavesNothing } from './footprint.js';
import { coins, filter, quarters } from './random-tensors.js';

type Gate = (x: tf.Tensor) => tf.Tensor;

/** Gates as models write them: of silu (swish), and of hard swish in Keras's way and in PyTorch's. */
const GATES: Record<string, Gate> = {
  sigmoid: (x) => tf.sigmoid(x),
  'relu6(x + 3) / 6': (x) => tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6),
  'relu6(x + 3)': (x) => tf.relu6(tf.add(x, 3)),
  'clip(x - 1, -2, 2) * 0.5': (x) => tf.mul(tf.clipByValue(tf.add(x, -1), -2, 2), 0.5),
  // What is no gate of x alone.
  'sigmoid(2 * x)': (x) => tf.sigmoid(tf.mul(x, 2)),
  'relu6(x + vector)': (x) => tf.relu6(tf.add(x, quarters([x.shape[3] ?? 1], 5))),
};

const anyCase = fc.record({
  gate: fc.constantFrom(...Object.keys(GATES)),
  size: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 9 }),
  isGateFirst: fc.boolean(),
  layer: fc.constantFrom('conv', 'depthwise', 'none'),
  seed: fc.nat(1e6),
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

function features({ size, channels, layer, seed }: Case): tf.Tensor4D {
  const x = quarters([1, size, size, channels], seed) as tf.Tensor4D;
  if (layer === 'none') return x;
  const outputs = layer === 'conv' ? channels : 1;
  const weights = filter([3, 3, channels, outputs], seed + 1);
  return layer === 'conv'
    ? tf.conv2d(x, weights, 1, 'same')
    : tf.depthwiseConv2d(x, weights, 1, 'same');
}

/** The product with a gate; `isComputed`: the gate is in memory by then, so that nothing can be fused. */
function gated(test: Case, isComputed = false): tf.Tensor {
  const x = features(test);
  const gate = GATES[test.gate](x);
  if (isComputed) gate.dataSync();
  return test.isGateFirst ? tf.mul(gate, x) : tf.mul(x, gate);
}

describe('a product of values and a gate computed from them', () => {
  it('is the same to the bit as of a gate in memory, close to cpu, and leaves nothing', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (test) => {
        await tf.setBackend('cpu');
        const wanted = tf.tidy(() => gated(test).dataSync());
        await tf.setBackend('dynconv');
        await assertLeavesNothing(() => {
          const fused = tf.tidy(() => gated(test).dataSync());
          assertClose(fused, wanted, 1e-5);
          const apart = tf.tidy(() => gated(test, true).dataSync());
          assert.deepEqual(fused, apart);
        });
      }),
    );
  });

  it('leaves the gate and the values to others who read them', async () => {
    await tf.setBackend('dynconv');
    const test: Case = {
      ...{ size: 6, channels: 5, isGateFirst: false, layer: 'conv', seed: 3 },
      gate: 'sigmoid',
    };
    tf.tidy(() => {
      const x = features(test);
      const gate = tf.sigmoid(x);
      const product = tf.mul(x, gate);
      const values = x.dataSync();
      assertClose(
        gate.dataSync(),
        values.map((v) => 1 / (1 + Math.exp(-v))),
        1e-6,
      );
      assertClose(
        product.dataSync(),
        values.map((v) => v / (1 + Math.exp(-v))),
        1e-6,
      );
    });
  });

  it('passes a mask on to the layer behind it', async () => {
    await tf.setBackend('dynconv');
    for (const gate of ['sigmoid', 'relu6(x + 3) / 6']) {
      const test: Case = { gate, size: 9, channels: 4, isGateFirst: false, layer: 'conv', seed: 1 };
      const mask = coins([1, 9, 9, 1], 0.3, 2);
      const active = mask.dataSync().filter((v) => v !== 0).length;
      const { layers, result } = await profile(() => tf.tidy(() => tf.mul(gated(test), mask)));
      assert.deepEqual(
        layers.map(({ pixels }) => pixels),
        [{ total: 81, active }],
      );
      result.dispose();
      mask.dispose();
    }
  });
});
