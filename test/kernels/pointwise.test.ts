import { assert } from 'chai';
import fc from 'fast-check';
import type { RowKernelName } from '../../src/memory/kernels.js';
import { anyLayout, anySeed, input2Fields, inputFields, placeInput } from './operands.js';
import { placeOutput, verify } from './operands.js';
import { random, randomSet, uniform } from './random.js';
import { describeKernels, type Sandbox } from './sandbox.js';
import { placeOutPixels } from './windows.js';

/** What a kernel makes of an input value, the second input's value, and its channel's parameters. */
type Rule = (a: number, b: number, weight: number, bias: number) => number;

interface Operation {
  readonly rule: Rule;
  /** Channels of the second input: none, one, or those of the first. */
  readonly second?: 'one' | 'all';
  readonly weights?: boolean;
  readonly bias?: boolean;
  /** One weight and one bias for all channels. */
  readonly shared?: boolean;
}

const OPERATIONS: Partial<Record<RowKernelName, Operation[]>> = {
  f32_add: [
    { rule: (a, b) => a + b, second: 'all' },
    { rule: (a, b, weight) => leaky(a + b, weight), second: 'all', weights: true },
  ],
  f32_sub: [{ rule: (a, b) => a - b, second: 'all' }],
  f32_mul: [{ rule: (a, b) => a * b, second: 'all' }],
  f32_max: [{ rule: (a, b) => Math.max(a, b), second: 'all' }],
  f32_min: [{ rule: (a, b) => Math.min(a, b), second: 'all' }],
  f32_mul_pixel: [{ rule: (a, b) => a * b, second: 'one' }],
  f32_affine: [
    { rule: (a) => a },
    { rule: (a, _b, weight) => a * weight, weights: true },
    { rule: (a, _b, _weight, bias) => a + bias, bias: true },
    { rule: (a, _b, weight, bias) => a * weight + bias, weights: true, bias: true },
    { rule: (a, _b, weight) => a * weight, weights: true, shared: true },
    { rule: (a, _b, _weight, bias) => a + bias, bias: true, shared: true },
  ],
  f32_clamp: [{ rule: (a) => a }],
  f32_leaky: [
    { rule: (a, _b, weight) => leaky(a, weight), weights: true },
    { rule: (a, _b, weight) => leaky(a, weight), weights: true, shared: true },
  ],
};

function leaky(x: number, alpha: number): number {
  return x < 0 ? x * alpha : x;
}

const anyCase = fc.record({
  pixels: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 17 }),
  layout: anyLayout,
  layout2: anyLayout,
  sparse: fc.boolean(),
  clamp: fc.boolean(),
  seed: anySeed,
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

function prepare(sandbox: Sandbox, operation: Operation, test: Case) {
  const { channels } = test;
  const next = random(test.seed);
  const input = placeInput(sandbox, next, test.pixels, channels, test.layout);
  const width = operation.second === 'one' ? 1 : channels;
  const input2 = placeInput(sandbox, next, test.pixels, width, test.layout2);
  const parameters = operation.shared ? 1 : channels;
  const weights = uniform(next, parameters);
  const bias = uniform(next, parameters);
  const [min, max] = test.clamp ? [-0.25, 0.5] : [-Infinity, Infinity];
  const pixels = placeOutPixels(sandbox, next, test.pixels, test.sparse);
  const rows = pixels.list.length;
  const { out, outStride, fields } = placeOutput(sandbox, rows, channels);
  const command = sandbox.placeCommand({
    ...inputFields(sandbox, input),
    ...(operation.second && input2Fields(input2)),
    ...pixels.fields,
    ...fields,
    Weights: operation.weights ? sandbox.placeFloats(weights) : 0,
    Bias: operation.bias ? sandbox.placeFloats(bias) : 0,
    Param0: operation.shared ? 1 : 0,
    Min: min,
    Max: max,
  });
  const expected = pixels.list.flatMap((p) =>
    Array.from({ length: channels }, (_, c) => {
      const a = input.values[p * channels + c];
      const b = input2.values[p * width + (c % width)];
      return Math.min(
        Math.max(operation.rule(a, b, weights[c % parameters], bias[c % parameters]), min),
        max,
      );
    }),
  );
  return { command, rows, channels, out, outStride, expected };
}

const anyRings = fc.record({
  first: fc.integer({ min: 0, max: 20 }),
  rows: fc.integer({ min: 1, max: 8 }),
  channels: fc.integer({ min: 1, max: 9 }),
  /** Which operands lie in a ring: the first input, the second, the output. */
  isRing: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
  seed: anySeed,
});

/** Runs an operation on rows `first` and following, of which some operands lie in a ring of eight. */
function checkRings(
  sandbox: Sandbox,
  kernel: RowKernelName,
  operation: Operation,
  {
    first,
    rows,
    channels,
    isRing,
    seed,
  }: typeof anyRings extends fc.Arbitrary<infer T> ? T : never,
): void {
  sandbox.reset();
  const next = random(seed);
  const ring = 8;
  const rowAt = (index: number, r: number): number => (isRing[index] ? r % ring : r);
  const place = (index: number, width: number) => {
    const stored = new Float32Array((isRing[index] ? ring : first + rows) * width).fill(NaN);
    const values = uniform(next, rows * width);
    for (let r = 0; r < rows; r++) {
      const row = values.subarray(r * width, (r + 1) * width);
      stored.set(row, rowAt(index, first + r) * width);
    }
    return { values, pointer: sandbox.placeFloats(stored), mask: isRing[index] ? ring - 1 : -1 };
  };
  const a = place(0, channels);
  const width = operation.second === 'one' ? 1 : channels;
  const b = place(1, width);
  const parameters = operation.shared ? 1 : channels;
  const weights = uniform(next, parameters);
  const bias = uniform(next, parameters);
  const out = sandbox.placeFloats(new Float32Array((isRing[2] ? ring : first + rows) * channels));
  const command = sandbox.placeCommand({
    ...{ InBase: a.pointer, InStride: channels * 4, InMask: a.mask, InChannels: channels },
    ...{ In2Base: b.pointer, In2Stride: width * 4, In2Mask: b.mask },
    ...{ OutBase: out, OutStride: channels * 4, OutMask: isRing[2] ? ring - 1 : -1 },
    Weights: operation.weights ? sandbox.placeFloats(weights) : 0,
    Bias: operation.bias ? sandbox.placeFloats(bias) : 0,
    Param0: operation.shared ? 1 : 0,
  });
  sandbox.run(kernel, command, first, first + rows);
  for (let r = 0; r < rows; r++) {
    const actual = sandbox.floats(out + rowAt(2, first + r) * channels * 4, channels);
    for (let c = 0; c < channels; c++) {
      const [x, y] = [a.values[r * channels + c], b.values[r * width + (c % width)]];
      const wanted = operation.rule(x, y, weights[c % parameters], bias[c % parameters]);
      assert.closeTo(actual[c], wanted, 1e-6, `row ${first + r}, channel ${c}`);
    }
  }
}

for (const [name, operations] of Object.entries(OPERATIONS)) {
  const kernel = name as RowKernelName;
  describeKernels(kernel, (sandbox) => {
    operations.forEach((operation, i) => {
      const parameters = [operation.weights && 'weights', operation.bias && 'bias'].filter(Boolean);
      const sharing = operation.shared ? ' for all channels' : '';
      it(`computes any rows with ${parameters.join(' and ') || 'no parameters'}${sharing} (${i})`, () => {
        fc.assert(
          fc.property(anyCase, (test) => {
            verify(sandbox(), kernel, () => prepare(sandbox(), operation, test), 1e-6);
          }),
        );
      });

      it(`goes on where a ring begins anew (${i})`, () => {
        fc.assert(
          fc.property(anyRings, (test) => {
            checkRings(sandbox(), kernel, operation, test);
          }),
        );
      });

      it(`keeps NaN through a clamp (${i})`, () => {
        sandbox().reset();
        const values = [NaN, 2, NaN, -2, NaN];
        const address = sandbox().placeFloats(values);
        const ones = sandbox().placeFloats(new Float32Array(5).fill(1));
        const command = sandbox().placeCommand({
          ...{ InBase: address, InStride: 20, InChannels: 5, In2Base: ones, In2Stride: 20 },
          ...{
            OutBase: address,
            OutStride: 20,
            Weights: operation.weights ? ones : 0,
            Min: 0,
            Max: 6,
          },
        });
        sandbox().run(kernel, command, 0, 1);
        const actual = [...sandbox().floats(address, 5)];
        assert.deepEqual(actual.map(Number.isNaN), values.map(Number.isNaN));
      });
    });
  });
}

describeKernels('f32_add_at', (sandbox) => {
  it('adds rows to the rows of their pixels and leaves the others alone', () => {
    fc.assert(
      fc.property(anyCase, ({ pixels, channels, sparse, clamp, seed }) => {
        sandbox().reset();
        const next = random(seed);
        const list = sparse
          ? randomSet(next, pixels, 0.5)
          : Array.from({ length: pixels }, (_, p) => p);
        const residual = uniform(next, list.length * channels);
        const expected = uniform(next, pixels * channels);
        const [min, max] = clamp ? [0, 6] : [-Infinity, Infinity];
        const out = sandbox().placeFloats(expected);
        const command = sandbox().placeCommand({
          ...{ InBase: sandbox().placeFloats(residual), InStride: channels * 4 },
          ...{ InChannels: channels, OutBase: out, OutStride: channels * 4, Min: min, Max: max },
          OutPixels: sparse ? sandbox().placeInts(list) : 0,
        });
        const middle = list.length >> 1;
        sandbox().run('f32_add_at', command, middle, list.length);
        sandbox().run('f32_add_at', command, 0, middle);
        sandbox().assertIntact();
        list.forEach((p, r) => {
          for (let c = 0; c < channels; c++) {
            const sum = Math.fround(expected[p * channels + c] + residual[r * channels + c]);
            expected[p * channels + c] = Math.min(Math.max(sum, min), max);
          }
        });
        assert.deepEqual(sandbox().floats(out, pixels * channels), expected);
      }),
    );
  });
});

describeKernels('f32_clamp_at', (sandbox) => {
  it('clamps the rows of pixels in place and leaves the others alone', () => {
    fc.assert(
      fc.property(anyCase, ({ pixels, channels, sparse, seed }) => {
        sandbox().reset();
        const next = random(seed);
        const set = placeOutPixels(sandbox(), next, pixels, sparse);
        const expected = uniform(next, pixels * channels);
        const out = sandbox().placeFloats(expected);
        const command = sandbox().placeCommand({
          ...{ OutBase: out, OutStride: channels * 4, OutChannels: channels, ...set.fields },
          ...{ Min: -0.25, Max: 0.5 },
        });
        sandbox().run('f32_clamp_at', command, 0, set.list.length);
        sandbox().assertIntact();
        for (const p of set.list) {
          const row = expected.subarray(p * channels, (p + 1) * channels);
          row.set(row.map((x) => Math.min(Math.max(x, -0.25), 0.5)));
        }
        assert.deepEqual(sandbox().floats(out, pixels * channels), expected);
      }),
    );
  });
});
