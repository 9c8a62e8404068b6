import { assert } from 'chai';
import fc from 'fast-check';
import { anyLayout, anySeed, inputFields, type Layout, placeInput } from './operands.js';
import { placeOutput, type Prepared, verify } from './operands.js';
import { random, uniform } from './random.js';
import { describeKernels, type Sandbox } from './sandbox.js';
import { anyWindows, inPixels, outPixels, placeOutPixels, sameWindows } from './windows.js';
import { windowFields, type Windows, windowTaps } from './windows.js';

interface Case {
  readonly windows: Windows;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly layout: Layout;
  readonly sparse: boolean;
  readonly bias: boolean;
  readonly clamp: boolean;
  readonly rowBlock: number;
  readonly seed: number;
}

const KERNELS = [
  { name: 'f32_igemm_6x8', width: 8 },
  { name: 'f32_igemm_6x16', width: 16 },
  { name: 'f32_igemm_1x32', width: 32 },
  { name: 'f32_igemm_4x1', width: 1 },
] as const;
type Kernel = (typeof KERNELS)[number];

/** Places the weights [tap][in][out] and biases, packed for the kernel. */
function placePacked(
  sandbox: Sandbox,
  kernel: Kernel,
  weights: Float32Array,
  bias: Float32Array | undefined,
  shape: readonly [taps: number, inChannels: number, outChannels: number],
): number {
  const { kernels } = sandbox;
  const { width } = kernel;
  const bytes =
    width > 1
      ? kernels.packed_igemm_bytes(width, ...shape)
      : kernels.packed_igemm_x1_bytes(...shape);
  const packed = sandbox.alloc(bytes);
  const operands = [sandbox.placeFloats(weights), bias ? sandbox.placeFloats(bias) : 0] as const;
  if (width > 1) kernels.pack_igemm(width, ...operands, ...shape, packed);
  else kernels.pack_igemm_x1(...operands, ...shape, packed);
  return packed;
}

function prepare(sandbox: Sandbox, kernel: Kernel, test: Case): Prepared {
  const { windows, inChannels, outChannels } = test;
  const next = random(test.seed);
  const taps = windows.kernelH * windows.kernelW;
  const input = placeInput(sandbox, next, inPixels(windows), inChannels, test.layout);
  const weights = uniform(next, taps * inChannels * outChannels);
  const bias = test.bias ? uniform(next, outChannels) : undefined;
  const [min, max] = test.clamp ? [-0.25, 0.5] : [-Infinity, Infinity];
  const pixels = placeOutPixels(sandbox, next, outPixels(windows), test.sparse);
  const rows = pixels.list.length;
  const { out, outStride, fields } = placeOutput(sandbox, rows, outChannels);
  const command = sandbox.placeCommand({
    ...inputFields(sandbox, input),
    ...windowFields(windows),
    ...pixels.fields,
    ...fields,
    OutChannels: outChannels,
    Weights: placePacked(sandbox, kernel, weights, bias, [taps, inChannels, outChannels]),
    Min: min,
    Max: max,
    RowBlock: test.rowBlock,
  });
  const expected = pixels.list.flatMap((p) => {
    const read = windowTaps(windows, p);
    return Array.from({ length: outChannels }, (_, c) => {
      let sum = bias ? bias[c] : 0;
      read.forEach((q, tap) => {
        if (q < 0) return;
        for (let k = 0; k < inChannels; k++) {
          const weight = weights[(tap * inChannels + k) * outChannels + c];
          sum += input.values[q * inChannels + k] * weight;
        }
      });
      return Math.min(Math.max(sum, min), max);
    });
  });
  return { command, rows, channels: outChannels, out, outStride, expected };
}

const PLAIN = { layout: 'dense', sparse: false, bias: true, clamp: false, rowBlock: 0 } as const;

for (const kernel of KERNELS) {
  describeKernels(kernel.name, (sandbox) => {
    const check = (test: Case): void => {
      verify(sandbox(), kernel.name, () => prepare(sandbox(), kernel, test));
    };

    it('computes every remainder of rows and output channels', () => {
      const most = Math.max(17, 2 * kernel.width + 1);
      for (let rows = 1; rows <= 14; rows++) {
        for (let outChannels = 1; outChannels <= most; outChannels++) {
          const windows = sameWindows(1, rows, 1);
          check({ ...PLAIN, windows, inChannels: 5, outChannels, seed: rows });
        }
      }
    });

    it('computes every remainder of input channels', () => {
      for (let inChannels = 1; inChannels <= 17; inChannels++) {
        for (const size of [1, 3]) {
          const windows = sameWindows(2, 3, size);
          check({ ...PLAIN, windows, inChannels, outChannels: 3, seed: inChannels });
        }
      }
    });

    it('computes any geometry, operand layout, set of pixels and block of rows', () => {
      const anyCase = fc.record({
        windows: anyWindows,
        inChannels: fc.integer({ min: 1, max: 9 }),
        outChannels: fc.integer({ min: 1, max: 10 }),
        layout: anyLayout,
        sparse: fc.boolean(),
        bias: fc.boolean(),
        clamp: fc.boolean(),
        rowBlock: fc.integer({ min: 0, max: 20 }),
        seed: anySeed,
      });
      fc.assert(fc.property(anyCase, check), { numRuns: 150 });
    });

    it('reads InChannels values from a row on, beyond its stride', () => {
      // A 1x3 window over two channels, folded into the channels of a 1x1 window.
      verify(sandbox(), kernel.name, () => {
        const next = random(1);
        const values = uniform(next, 10 * 2);
        const weights = uniform(next, 6 * 4);
        const { out, outStride, fields } = placeOutput(sandbox(), 8, 4);
        const command = sandbox().placeCommand({
          ...{ InBase: sandbox().placeFloats(values), InStride: 8, InChannels: 6, ...fields },
          ...windowFields({ ...sameWindows(1, 8, 1) }),
          OutChannels: 4,
          Weights: placePacked(sandbox(), kernel, weights, undefined, [1, 6, 4]),
        });
        const expected = Array.from({ length: 8 * 4 }, (_, i) => {
          const [r, c] = [i >> 2, i & 3];
          let sum = 0;
          for (let k = 0; k < 6; k++) sum += values[r * 2 + k] * weights[k * 4 + c];
          return sum;
        });
        return { command, rows: 8, channels: 4, out, outStride, expected };
      });
    });

    it('computes as many rows as the scratch takes for a large window, and more', () => {
      const windows = { ...sameWindows(3, 5, 61), images: 1 };
      check({ ...PLAIN, windows, inChannels: 1, outChannels: 9, seed: 7 });
    });
  });
}

describeKernels('f32_igemm tiles of any shape', (sandbox) => {
  it('have the same results, to the bit', () => {
    const tiles = KERNELS.filter(({ width }) => width > 1);
    for (const outChannels of [3, 8, 20, 45]) {
      const windows = sameWindows(3, 5, 3);
      const test = { ...PLAIN, windows, inChannels: 7, outChannels, seed: outChannels };
      const results = tiles.map((kernel) => {
        sandbox().reset();
        const { command, rows, out, outStride } = prepare(sandbox(), kernel, test);
        sandbox().run(kernel.name, command, 0, rows);
        return sandbox().ints(out, (rows * outStride) / 4);
      });
      for (const result of results) assert.deepEqual(result, results[0]);
    }
  });
});
