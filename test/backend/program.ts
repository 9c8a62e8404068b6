import fc from 'fast-check';
import { BLOCKS } from './blocks.js';
import { anyMask } from './masks.js';
import type { MaskSpec } from './masks.js';

/*
 * Random programs of tensor operations, as plain data that fast-check can shrink. A step names its
 * operands by number, the latest value first, taken modulo the values there are, so that every
 * program is a valid one.
 */

export const ACTIVATIONS = [
  'linear',
  'relu',
  'relu6',
  'elu',
  'leakyrelu',
  'prelu',
  'sigmoid',
] as const;

export const UNARY = [
  ...(['relu', 'relu6', 'elu', 'selu', 'leakyRelu', 'sigmoid', 'tanh', 'abs', 'neg'] as const),
  ...(['square', 'exp', 'log1p', 'softplus', 'sin', 'cos', 'erf', 'sqrt', 'rsqrt'] as const),
  ...(['reciprocal', 'prelu', 'sharedPrelu', 'floorOfInput'] as const),
];

export const BINARY = [
  ...(['add', 'sub', 'mul', 'maximum', 'minimum', 'squaredDifference', 'div'] as const),
];

/** A sliding window: sizes, strides, dilations, and padding (explicit: top, bottom, left, right). */
export interface WindowSpec {
  kernel: [number, number];
  strides: [number, number];
  dilations: [number, number];
  pad: 'same' | 'valid' | [number, number, number, number];
}

export type Operation =
  | {
      op: 'conv' | 'depthwise';
      window: WindowSpec;
      channels: number;
      activation: (typeof ACTIVATIONS)[number];
      bias: boolean;
    }
  | { op: 'pool'; kind: 'max' | 'avg'; window: WindowSpec }
  | { op: 'unary'; name: (typeof UNARY)[number] }
  | { op: 'clip'; min: number; max: number }
  | { op: 'binary'; name: (typeof BINARY)[number]; other: number }
  | { op: 'vector'; name: 'add' | 'sub' | 'mul' | 'div'; first: boolean; scalar: boolean }
  | { op: 'batchNorm'; offset: boolean; scale: boolean }
  | { op: 'mask'; mask: MaskSpec; first: boolean }
  | {
      op: 'select';
      mask: MaskSpec;
      other: number;
      zero: 'none' | 'zeros' | 'scalar';
      swap: boolean;
    }
  | { op: 'resize'; method: 'nearest' | 'bilinear'; size: [number, number]; mode: 0 | 1 | 2 }
  | { op: 'pad'; by: [number, number, number, number]; value: number }
  | { op: 'concat'; other: number }
  | { op: 'addN'; others: number[] }
  | { op: 'fold'; mask: MaskSpec; channels: boolean }
  | { op: 'clone' }
  | { op: 'block'; block: (typeof BLOCKS)[number]; mask: MaskSpec; relu: boolean; rounds: number }
  | { op: 'hourglass'; depth: number; mask: MaskSpec }
  | { op: 'read' };

/** One operation, on value number `of`. */
export type Step = Operation & {
  of: number;
  /** Dispose the operand afterwards. */
  consume: boolean;
  /** Dispose what the step made on its way. */
  tidy: boolean;
  seed: number;
};

export interface Program {
  /** Batch, height, width, channels of the first value. */
  shape: [number, number, number, number];
  seed: number;
  steps: Step[];
  /** The last values are read from the last to the first. */
  backwards: boolean;
}

const size = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const pair = (min: number, max: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(size(min, max), size(min, max));
const four = (max: number): fc.Arbitrary<[number, number, number, number]> =>
  fc.tuple(size(0, max), size(0, max), size(0, max), size(0, max));
const value = fc.nat(99);

const anyPad = fc.oneof(
  fc.constantFrom<WindowSpec['pad']>('same', 'valid'),
  four(3) as fc.Arbitrary<WindowSpec['pad']>,
);

/** Either strides or dilations are 1, as TensorFlow.js demands. */
export const anyWindow: fc.Arbitrary<WindowSpec> = fc.oneof(
  fc.constant<WindowSpec>({ kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pad: 'same' }),
  fc.constant<WindowSpec>({ kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pad: 'same' }),
  fc.record({
    kernel: pair(1, 5),
    strides: pair(1, 3),
    dilations: fc.constant<[number, number]>([1, 1]),
    pad: anyPad,
  }),
  fc.record({
    kernel: pair(1, 4),
    strides: fc.constant<[number, number]>([1, 1]),
    dilations: pair(1, 3),
    pad: anyPad,
  }),
);

const anyConvolution = (channels: fc.Arbitrary<number>) =>
  fc.record({
    op: fc.constantFrom('conv' as const, 'depthwise' as const),
    window: anyWindow,
    channels,
    activation: fc.constantFrom(...ACTIVATIONS),
    bias: fc.boolean(),
  });
const anyPool = fc.record({
  op: fc.constant('pool' as const),
  kind: fc.constantFrom('max' as const, 'avg' as const),
  window: anyWindow,
});
const anyPadding = fc.record({
  op: fc.constant('pad' as const),
  by: four(3),
  value: fc.constantFrom(0, 0, 1.5),
});
const anyUnary = fc.record({ op: fc.constant('unary' as const), name: fc.constantFrom(...UNARY) });
const anyBinary = fc.record({
  op: fc.constant('binary' as const),
  name: fc.constantFrom(...BINARY),
  other: value,
});
const anyVector = fc.record({
  op: fc.constant('vector' as const),
  name: fc.constantFrom('add' as const, 'sub' as const, 'mul' as const, 'div' as const),
  first: fc.boolean(),
  scalar: fc.boolean(),
});
const anyMasking = fc.record({
  op: fc.constant('mask' as const),
  mask: anyMask,
  first: fc.boolean(),
});
const anySelection = fc.record({
  op: fc.constant('select' as const),
  mask: anyMask,
  other: value,
  zero: fc.constantFrom('none' as const, 'zeros' as const, 'scalar' as const),
  swap: fc.boolean(),
});
const anyBlock = fc.record({
  op: fc.constant('block' as const),
  block: fc.constantFrom(...BLOCKS),
  mask: anyMask,
  relu: fc.boolean(),
  rounds: size(1, 3),
});

const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: anyConvolution(fc.oneof(size(1, 9), fc.constantFrom(1, 8, 16, 19))) },
  { weight: 1, arbitrary: anyPool },
  { weight: 1, arbitrary: anyPadding },
  { weight: 2, arbitrary: anyUnary },
  { weight: 3, arbitrary: anyBinary },
  { weight: 2, arbitrary: anyVector },
  { weight: 5, arbitrary: anyMasking },
  { weight: 2, arbitrary: anySelection },
  { weight: 4, arbitrary: anyBlock },
  fc.record({
    op: fc.constant('clip' as const),
    min: fc.constantFrom(-1, -0.5, 0, 0.25),
    max: fc.constantFrom(0.5, 1, 6),
  }),
  fc.record({ op: fc.constant('batchNorm' as const), offset: fc.boolean(), scale: fc.boolean() }),
  fc.record({
    op: fc.constant('resize' as const),
    method: fc.constantFrom('nearest' as const, 'bilinear' as const),
    size: pair(1, 12),
    mode: fc.constantFrom(0 as const, 1 as const, 2 as const),
  }),
  fc.record({ op: fc.constant('concat' as const), other: value }),
  fc.record({
    op: fc.constant('addN' as const),
    others: fc.array(value, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ op: fc.constant('fold' as const), mask: anyMask, channels: fc.boolean() }),
  fc.record({ op: fc.constant('clone' as const) }),
  fc.record({ op: fc.constant('hourglass' as const), depth: size(1, 3), mask: anyMask }),
  fc.record({ op: fc.constant('read' as const) }),
);

const anyCircumstance = fc.record({
  // Mostly the latest value, and of no further use: that is how networks are built.
  of: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: value }),
  consume: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
  tidy: fc.boolean(),
  seed: fc.nat(1e6),
});

const anyStep: fc.Arbitrary<Step> = fc
  .tuple(anyOperation, anyCircumstance)
  .map(([operation, rest]) => ({ ...operation, ...rest }));

/** Programs of any operation on small maps. */
export const anyProgram: fc.Arbitrary<Program> = fc.record({
  shape: fc.tuple(
    size(1, 3),
    size(1, 10),
    size(1, 10),
    fc.oneof(size(1, 9), fc.constantFrom(1, 16)),
  ),
  seed: fc.nat(1e6),
  steps: fc.array(anyStep, { minLength: 1, maxLength: 12 }),
  backwards: fc.boolean(),
});

/** What runs in strips: windows, and what goes pixel by pixel, on many channels. */
const anyWideStep: fc.Arbitrary<Step> = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: anyConvolution(fc.constantFrom(8, 500, 700)) },
      { weight: 1, arbitrary: anyPool },
      { weight: 1, arbitrary: anyPadding },
      { weight: 1, arbitrary: anyUnary },
      { weight: 1, arbitrary: anyBinary },
      { weight: 2, arbitrary: anyMasking },
    ),
    anyCircumstance,
  )
  .map(([operation, rest]) => ({ ...operation, ...rest, consume: true }));

/** Programs whose maps are computed in several strips. */
export const anyWideProgram: fc.Arbitrary<Program> = fc.record({
  shape: fc.tuple(size(1, 2), size(5, 14), size(5, 14), fc.constantFrom(8, 500)),
  seed: fc.nat(1e6),
  steps: fc.array(anyWideStep, { minLength: 2, maxLength: 7 }),
  backwards: fc.boolean(),
});
