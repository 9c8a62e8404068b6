import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { operations } from '../../src/ops/index.js';
import { random } from '../kernels/random.js';
import { callKernel, exact, kernelCalls, otherTypes } from './kernel-calls/index.js';
import type { KernelCall } from './kernel-calls/index.js';
import { valuesOf } from './readings.js';
import type { Reading } from './readings.js';
import { Source } from './source.js';

/*
 * Random programs of all kernels: each step calls one with what earlier steps computed, of any type and
 * shape. Programs are plain data, which fast-check can shrink.
 */

interface KernelStep {
  /** Which of the program's kernels. */
  kernel: number;
  /** From which the operands and attributes follow. */
  seed: number;
  /** A value is read before the next step, or disposed. */
  after: 'nothing' | 'read' | 'dispose';
}

export interface KernelProgram {
  seed: number;
  /** A few kernels, so that they meet one another, and themselves. */
  kernels: string[];
  steps: KernelStep[];
}

/** What a run of a program read, and, on the reference backend, what other runs must know of it. */
export interface Run {
  readings: Reading[];
  /** Steps whose kernel refused the call. */
  refused: Set<number>;
  /** Values, by number, that are not finite or too large to go on with. */
  ended: Set<number>;
}

/** Values beyond this are not gone on with, lest products of products grow without end. */
const LARGEST = 64;
const MOST_ELEMENTS = 5000;
const MOST_VALUES = 16;

/** The cpu backend's kernel writes into its input. */
const WRITES: readonly string[] = [tf.TensorScatterUpdate];
const ALL = Object.keys(kernelCalls).filter((name) => !WRITES.includes(name));
const DEFERRED = operations.map(({ name }) => name).filter((name) => ALL.includes(name));
/** What networks with masks are made of. */
const NETWORK = [
  ...[tf.Multiply, tf.Multiply, tf.Add, tf.Add, tf.AddN, tf.Relu, tf.Relu6, tf.FusedConv2D],
  ...[tf.Conv2D, tf.FusedDepthwiseConv2D, tf.MaxPool, tf.Select, tf.GreaterEqual, tf.Maximum],
  ...[tf.Conv2DBackpropInput, tf.PadV2, tf.ResizeBilinear, tf.Concat, tf.GatherV2],
];

const some = (kernels: readonly string[], most: number) =>
  fc.array(fc.constantFrom(...kernels), { minLength: 1, maxLength: most });

export const anyKernelProgram: fc.Arbitrary<KernelProgram> = fc.record({
  seed: fc.nat(2 ** 31),
  kernels: fc.oneof(some(ALL, 4), some(DEFERRED, 6), some(NETWORK, 8)),
  steps: fc.array(
    fc.record({
      kernel: fc.nat(100),
      seed: fc.nat(2 ** 31),
      after: fc.constantFrom<KernelStep['after'][]>('nothing', 'nothing', 'read', 'dispose'),
    }),
    { minLength: 1, maxLength: 12 },
  ),
});

/** Makes another number of one that is not exact, in a tensor whose largest is known. */
type Disturb = (value: number, largest: number) => number;

/** The values of a running program, numbered in the order in which they came up. */
class Values {
  /** What steps may use. */
  readonly usable: tf.Tensor[] = [];
  private count = 0;

  /** @param reference the run that decides which values are gone on with; null: this one does */
  constructor(
    private readonly run: Run,
    private readonly reference: Run | null,
  ) {}

  add(value: tf.Tensor): void {
    const number = this.count++;
    if (!this.reference && isEnd(value)) this.run.ended.add(number);
    if (!(this.reference ?? this.run).ended.has(number)) this.usable.push(value);
  }
}

/** A tensor of negative size, which the cpu backend makes of some windows and dynconv refuses. */
function isImpossible({ shape }: tf.Tensor): boolean {
  return shape.some((size) => size < 0);
}

function isEnd(value: tf.Tensor): boolean {
  if (value.size > MOST_ELEMENTS) return true;
  // Sums of bools are bools to the cpu backend, and what is neither true nor false is undefined.
  const most = value.dtype === 'bool' ? 1 : LARGEST;
  return value.dtype !== 'string' && value.dataSync().some((v) => !(Math.abs(v) <= most));
}

/**
 * Runs a program on the current backend.
 *
 * @param reference the run on the reference backend; null for that run itself
 * @param disturb makes another number of each that is not exact; null: nothing is disturbed
 */
export function runKernelProgram(
  { seed, kernels, steps }: KernelProgram,
  reference: Run | null = null,
  disturb: Disturb | null = null,
): Run {
  const run: Run = { readings: [], refused: new Set(), ended: new Set() };
  const { refused } = reference ?? run;
  tf.tidy(() => {
    const values = new Values(run, reference);
    const { usable } = values;
    const habits = new Map<string, number>();
    beginning(new Source(seed, [], { habits })).forEach((value) => {
      values.add(value);
    });
    const results: tf.Tensor[] = [];
    /** Of few bits, by what they were computed from. */
    const isExact = new Set<tf.Tensor>(usable);
    steps.forEach((step, index) => {
      const name = kernels[step.kernel % kernels.length];
      const source = new Source(step.seed, usable, {
        ...{ reuse: 0.85, habits, others: otherTypes(name) },
        // A mask hides NaN and infinity: README.md says so.
        specials: name === tf.Multiply ? [] : ['float32'],
      });
      const call = kernelCalls[name](source);
      if (!call) return;
      const operands = operandsOf(call);
      for (const operand of operands) {
        if (usable.includes(operand)) continue;
        values.add(operand);
        isExact.add(operand);
      }
      const keepsExact = exact.has(name) && operands.every((operand) => isExact.has(operand));
      let outputs: tf.Tensor[] = [];
      try {
        if (!reference && overflows(name, operands)) throw new Error('an integer overflows');
        if (!reference || !refused.has(index)) outputs = callKernel(name, call);
        // The cpu backend cannot read some of what it makes: no complex numbers, say.
        if (!reference) outputs.forEach(valuesOf);
      } catch (error) {
        if (reference) throw new Error(`step ${index}, ${name}, fails`, { cause: error });
        refused.add(index);
        outputs = [];
      }
      if (outputs.some(isImpossible)) {
        refused.add(index);
        outputs = [];
      }
      for (const output of outputs) {
        const value = disturb ? disturbed(output, keepsExact, disturb) : output;
        if (keepsExact || value.dtype !== 'float32') isExact.add(value);
        values.add(value);
        results.push(value);
      }
      if (step.after === 'read') run.readings.push(valuesOf(source.pick(...usable)));
      if (step.after === 'dispose' || usable.length > MOST_VALUES) {
        const [gone] = usable.splice(source.int(0, usable.length - 1), 1);
        if (!results.includes(gone) && !usable.includes(gone)) gone.dispose();
      }
    });
    run.readings.push(...results.reverse().map(valuesOf));
  });
  return run;
}

/** Whether a product of integers may be beyond 32 bits, which backends cut off in ways of their own. */
function overflows(name: string, [x]: readonly tf.Tensor[]): boolean {
  if ((name !== tf.Prod && name !== tf.Cumprod) || x.dtype !== 'int32') return false;
  let product = 1;
  for (const value of x.dataSync()) product *= Math.max(1, Math.abs(value));
  return product > 2 ** 31;
}

function operandsOf({ inputs }: KernelCall): tf.Tensor[] {
  return Object.values(inputs)
    .flat()
    .filter((input): input is tf.Tensor => input !== undefined);
}

/** Features, masks and numbers of shapes that go together. */
function beginning(source: Source): tf.Tensor[] {
  const [batch, height, width, channels] = source.shape(4);
  const map = [batch, height, width, channels];
  const images = source.pick(1, batch);
  return [
    source.tensor(map, 'int32'),
    source.tensor(map, 'bool'),
    source.tensor([channels]),
    tf.cast(source.tensor([images, height, width, 1], 'bool'), 'float32'),
    source.tensor([batch, height, width, 1], 'bool'),
    source.tensor(map),
  ];
}

function disturbed(value: tf.Tensor, isExact: boolean, disturb: Disturb): tf.Tensor {
  if (value.dtype !== 'float32') return value;
  const values = value.dataSync();
  let largest = 0;
  for (const v of values) largest = Math.max(largest, Math.abs(v));
  // Sums and products of numbers of few bits are the same on every backend, and a zero has either sign.
  // What is lost elsewhere may be a share of terms that cancel.
  const other = (v: number) => {
    if (!isExact || !Number.isInteger(v * 1024)) return disturb(v, largest);
    return v === 0 ? 0 * disturb(v, 0) : v;
  };
  return tf.tensor(values.map(other), value.shape, 'float32');
}

/** More than any kernel loses to rounding, and less than anybody would call wrong. */
const DISTURBANCE = 2e-5;

/** The readings of a run whose values on the way are a little off; null where it fails. */
export function disturbedReadings(
  program: KernelProgram,
  reference: Run,
  seed: number,
): Reading[] | null {
  const next = random(seed);
  const either = (size: number) => size * Math.sign(next() - 0.5);
  const disturb: Disturb = (value, largest) => {
    const lost = DISTURBANCE * 0.05 * largest;
    // What is nothing but rounding is zero elsewhere, and what it divides is infinite or NaN. A mean may
    // be all that is left of terms that cancel, which are of a size about 1.
    if (Math.abs(value) < lost + 1e-6 && next() < 0.5) return 0;
    return value + either(DISTURBANCE * value) + either(lost + 1e-30);
  };
  try {
    return runKernelProgram(program, reference, disturb).readings;
  } catch {
    return null;
  }
}
