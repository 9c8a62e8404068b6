import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import '../../src/index.js';
import { callKernel } from './kernel-calls/index.js';
import { valuesOf } from './readings.js';
import type { Reading } from './readings.js';

/** Numbers that a comparison gets wrong first, among others. */
const SPECIAL = [NaN, Infinity, -Infinity, -0, 0, 1e-30, -1e-30, 3e38, -3e38];
const ORDINARY = [-7, -2.5, -1, -0.5, 0.5, 1, 2.5, 6, 7];

/** The width of the map that the numbers lie in: a SIMD register's, and a remainder. */
const COLUMNS = 7;

/** Where the input is when the kernel is called; each as a map [1, height, width, 1]. */
const PLACES: Record<string, (x: tf.Tensor4D) => tf.Tensor4D> = {
  'in memory': (x) => x,
  deferred: (x) => tf.transpose(x, [0, 1, 2, 3]),
  // A convolution takes bounds and a bias that follow it into its own kernel.
  'the output of a convolution': (x) => tf.conv2d(x, tf.ones([1, 1, 1, 1]), 1, 'same'),
  'the output of a depthwise convolution': (x) =>
    tf.depthwiseConv2d(x, tf.ones([1, 1, 1, 1]), 1, 'same'),
  'the sum of two maps': (x) => tf.add(tf.transpose(x, [0, 1, 2, 3]), tf.zerosLike(x)),
};

type Run = (x: tf.Tensor) => tf.Tensor[];

const kernel =
  (name: string, attrs?: Record<string, unknown>, key = 'x'): Run =>
  (x) =>
    callKernel(name, { inputs: { [key]: x }, attrs });

const withNumber =
  (name: string, number: number, isFirst: boolean): Run =>
  (x) => {
    const scalar = tf.scalar(number);
    return callKernel(name, { inputs: isFirst ? { a: scalar, b: x } : { a: x, b: scalar } });
  };

const BOUNDS = [
  [0, 6],
  [-1, 1],
  [0.5, 2],
  [-3, -0.5],
  [-Infinity, 0],
  [0, Infinity],
] as const;

const clamps: Record<string, Run> = {
  Relu: kernel(tf.Relu),
  Relu6: kernel(tf.Relu6),
  ...Object.fromEntries(
    BOUNDS.map(([clipValueMin, clipValueMax]) => [
      `ClipByValue to [${clipValueMin}, ${clipValueMax}]`,
      kernel(tf.ClipByValue, { clipValueMin, clipValueMax }),
    ]),
  ),
  ...Object.fromEntries(
    [tf.Maximum, tf.Minimum].flatMap((name) =>
      [0, 1.5, -0.5, NaN, Infinity, -Infinity].flatMap((number) =>
        [false, true].map((isFirst) => [
          `${name} ${isFirst ? 'of' : 'with'} ${number}`,
          withNumber(name, number, isFirst),
        ]),
      ),
    ),
  ),
  'Maximum of two maps': (x) =>
    callKernel(tf.Maximum, { inputs: { a: x, b: tf.reverse(x, [1, 2]) } }),
  'Minimum of two maps': (x) =>
    callKernel(tf.Minimum, { inputs: { a: x, b: tf.reverse(x, [1, 2]) } }),
};

const activations: Record<string, Run> = {
  ...Object.fromEntries(
    [tf.Elu, tf.Selu, tf.Sigmoid, tf.Softplus, tf.Tanh, tf.Sign, tf.Abs, tf.Square].map((name) => [
      name,
      kernel(name),
    ]),
  ),
  Step: kernel(tf.Step, { alpha: 0.25 }),
  LeakyRelu: kernel(tf.LeakyRelu, { alpha: 0.25 }),
  'Prelu with one slope': (x) =>
    callKernel(tf.Prelu, { inputs: { x, alpha: tf.tensor1d([-0.5]) } }),
  'Prelu with a slope for each value': (x) =>
    callKernel(tf.Prelu, { inputs: { x, alpha: tf.fill(x.shape, 0.25) } }),
};

const FUSED = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'];

/** The activations of convolutions and matrix products, with a bias and without. */
function fused(): Record<string, Run> {
  const runs: Record<string, Run> = {};
  const channels = 5;
  const row = [1, -1, 0.5, 0.25, -2];
  for (const activation of FUSED) {
    for (const hasBias of [false, true]) {
      const rest = () => ({
        bias: hasBias ? tf.tensor1d([0, 1, -1, 0.5, -0.5]) : undefined,
        preluActivationWeights:
          activation === 'prelu' ? tf.tensor1d([0.5, -0.5, 2, 0, 1]) : undefined,
      });
      const attrs = { activation, leakyreluAlpha: 0.25 };
      const window = { strides: [1, 1], pad: 'valid', dilations: [1, 1], dataFormat: 'NHWC' };
      const what = `with ${activation}${hasBias ? ' and a bias' : ''}`;
      runs[`FusedConv2D ${what}`] = (x) =>
        callKernel(tf.FusedConv2D, {
          inputs: { x, filter: tf.tensor(row, [1, 1, 1, channels]), ...rest() },
          attrs: { ...attrs, ...window },
        });
      runs[`FusedDepthwiseConv2D ${what}`] = (x) =>
        callKernel(tf.FusedDepthwiseConv2D, {
          inputs: {
            x: tf.concat(Array.from({ length: channels }, () => x) as tf.Tensor4D[], 3),
            filter: tf.tensor(row, [1, 1, channels, 1]),
            ...rest(),
          },
          attrs: { ...attrs, ...window },
        });
      runs[`_FusedMatMul ${what}`] = (x) =>
        callKernel(tf._FusedMatMul, {
          inputs: {
            a: tf.reshape(x, [1, x.size, 1]),
            b: tf.tensor(row, [1, 1, channels]),
            ...rest(),
          },
          attrs: { ...attrs, transposeA: false, transposeB: false },
        });
    }
  }
  return runs;
}

function run(activation: Run, place: (x: tf.Tensor4D) => tf.Tensor4D): Reading[] {
  let readings: Reading[] = [];
  tf.tidy(() => {
    const numbers = [...SPECIAL, ...ORDINARY, ...SPECIAL];
    numbers.push(...ORDINARY.slice(0, COLUMNS - (numbers.length % COLUMNS)));
    const x = tf.tensor4d(numbers, [1, numbers.length / COLUMNS, COLUMNS, 1]);
    readings = activation(place(x)).map(valuesOf);
  });
  return readings;
}

/** Asserts that each number is the expected one, but for rounding and the sign of zero. */
function assertSameNumbers(actual: Reading[], expected: Reading[]): void {
  assert.equal(actual.length, expected.length);
  expected.forEach(({ shape, dtype, values }, index) => {
    assert.deepEqual(actual[index].shape, shape);
    assert.equal(actual[index].dtype, dtype);
    values.forEach((value, at) => {
      const number = actual[index].values[at];
      if (Object.is(number, value)) return;
      const tolerance = 1e-5 * Math.abs(value) + 1e-7;
      // Written so that a NaN or an infinity fails.
      if (!(Math.abs(number - value) <= tolerance)) {
        assert.fail(`${number} at ${at}, expected ${value}`);
      }
    });
  });
}

describe('NaN, infinity, zeros and the largest numbers', () => {
  const all = { ...clamps, ...activations, ...fused() };
  for (const [name, activation] of Object.entries(all)) {
    it(`come out of ${name} as on the cpu backend, wherever they come from`, async () => {
      await tf.setBackend('cpu');
      const expected = run(activation, PLACES['in memory']);
      await tf.setBackend('dynconv');
      for (const [where, place] of Object.entries(PLACES)) {
        const actual = run(activation, place);
        try {
          assertSameNumbers(actual, expected);
        } catch (error) {
          throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
        }
      }
    });
  }

  it('are tried on every activation that is registered', () => {
    const isActivation = /lu6?$|^Clip|^Sigmoid|^Softplus|^Tanh$|^Step|Fused(Conv|Depth|Mat)/;
    const isTried = (name: string) => Object.keys(all).some((key) => key.startsWith(name));
    for (const { kernelName } of tf.getKernelsForBackend('dynconv')) {
      if (isActivation.test(kernelName)) assert.isTrue(isTried(kernelName), kernelName);
    }
  });
});
