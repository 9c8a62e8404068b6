import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { assertLeavesNothing } from './footprint.js';
import { callKernel } from './kernel-calls/index.js';
import { filter, quarters } from './random-tensors.js';

/** Activations that converters fuse to layers; TensorFlow's optimizer makes those that no other backend has. */
const ACTIVATIONS: Record<string, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  elu: (x) => (x < 0 ? Math.expm1(x) : x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  leakyrelu: (x) => (x < 0 ? 0.2 * x : x),
  _fusedhardswish: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  geluapproximate: (x) =>
    (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
};

const anyCase = fc.record({
  kernel: fc.constantFrom(tf.FusedConv2D, tf.FusedDepthwiseConv2D, tf._FusedMatMul),
  activation: fc.constantFrom(...Object.keys(ACTIVATIONS)),
  bias: fc.constantFrom('none', 'vector', 'number'),
  size: fc.integer({ min: 1, max: 12 }),
  channels: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(1e6),
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

function biasOf({ bias, channels, seed }: Case): tf.Tensor | null {
  if (bias === 'none') return null;
  return bias === 'vector' ? quarters([channels], seed + 2) : tf.scalar(0.75);
}

function operands({ kernel, size, channels, seed }: Case): { inputs: Record<string, tf.Tensor> } {
  if (kernel === tf._FusedMatMul) {
    const b = tf.reshape(filter([1, 1, channels, channels], seed + 1), [1, channels, channels]);
    return { inputs: { a: quarters([1, size, channels], seed), b } };
  }
  const x = quarters([1, size, size, channels], seed);
  const outputs = kernel === tf.FusedConv2D ? channels : 1;
  return { inputs: { x, filter: filter([3, 3, channels, outputs], seed + 1) } };
}

const ATTRIBUTES = {
  ...{ strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] },
  ...{ transposeA: false, transposeB: false, leakyreluAlpha: 0.2 },
};

function fused(test: Case, activation: string, bias: tf.Tensor | null): tf.Tensor {
  const inputs = { ...operands(test).inputs, ...(bias && { bias }) };
  return callKernel(test.kernel, { inputs, attrs: { ...ATTRIBUTES, activation } })[0];
}

describe('a layer with what is fused to it', () => {
  before(() => tf.setBackend('dynconv'));

  it('is the layer, plus its bias, and the activation of that', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (test) => {
        await assertLeavesNothing(() => {
          tf.tidy(() => {
            const plain = fused(test, 'linear', null).dataSync();
            const bias = biasOf(test)?.dataSync() ?? [0];
            const wanted = plain.map((value, i) =>
              ACTIVATIONS[test.activation](value + bias[i % bias.length]),
            );
            assertClose(fused(test, test.activation, biasOf(test)).dataSync(), wanted, 1e-5);
          });
        });
      }),
    );
  });
});
