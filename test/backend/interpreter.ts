import * as tf from '@tensorflow/tfjs-core';
import { hourglass, residualBlock } from './blocks.js';
import { makeMask } from './masks.js';
import type { OnThreshold } from './masks.js';
import type { Program, Step, WindowSpec } from './program.js';
import { filter, quarters } from './random-tensors.js';

type Map4D = tf.Tensor4D;

/** What a program computed. */
export interface Outcome {
  /** The values that it read, in order. */
  outputs: { shape: number[]; values: Float32Array }[];
  /** The largest magnitude of any value; only where `inspect` was asked for. */
  scale: number;
  /** The least distance of a score from its threshold; only where `inspect` was asked for. */
  margin: number;
}

/**
 * Runs a program on the current backend.
 *
 * @param inspect read every value on the way, to know how sensitive the outcome is to rounding
 */
export function runProgram(program: Program, inspect = false): Outcome {
  const outcome: Outcome = { outputs: [], scale: 0, margin: Infinity };
  const look = (value: tf.Tensor): void => {
    if (!inspect) return;
    for (const v of value.dataSync()) outcome.scale = Math.max(outcome.scale, Math.abs(v));
  };
  const onThreshold: OnThreshold = (scores, threshold) => {
    if (!inspect) return;
    for (const v of scores.dataSync()) {
      outcome.margin = Math.min(outcome.margin, Math.abs(v - threshold));
    }
  };
  const read = (value: tf.Tensor): void => {
    outcome.outputs.push({ shape: value.shape, values: value.dataSync() as Float32Array });
  };
  tf.tidy(() => {
    const values = runSteps(program, inputOf(program), { look, onThreshold, read });
    if (program.backwards) values.reverse();
    values.forEach(read);
  });
  return outcome;
}

/** What a program begins with, or, from another seed, other values of that shape. */
export function inputOf({ shape, seed }: Program, other = 0): Map4D {
  return quarters(shape, seed + other) as Map4D;
}

/** Who hears of what a program does. */
interface Listener {
  readonly look: (value: tf.Tensor) => void;
  readonly read: (value: tf.Tensor) => void;
  readonly onThreshold: OnThreshold;
}

const NOBODY: Listener = {
  look: () => undefined,
  read: () => undefined,
  onThreshold: () => undefined,
};

/** The values that the steps of a program leave of `input`. */
export function runSteps(program: Program, input: Map4D, listener = NOBODY): Map4D[] {
  const { look, onThreshold, read } = listener;
  const values: Map4D[] = [input];
  for (const step of program.steps) {
    const at = values.length - 1 - (step.of % values.length);
    const x = values[at];
    if (step.op === 'read') {
      read(x);
      continue;
    }
    const run = (): Map4D => runStep(step, x, values, onThreshold);
    const result = step.tidy ? tf.tidy(run) : run();
    look(result);
    values.push(result);
    if (step.consume && result !== x) {
      if (x !== input) x.dispose();
      values.splice(at, 1);
    }
  }
  return values;
}

function runStep(step: Step, x: Map4D, values: Map4D[], onThreshold: OnThreshold): Map4D {
  const { seed } = step;
  const [n, h, w, channels] = x.shape;
  const mate = (other: number, fits: (value: Map4D) => boolean): Map4D => {
    const mates = values.filter(fits);
    return mates[other % mates.length];
  };
  const sameShape = (other: number): Map4D =>
    mate(other, (value) => tf.util.arraysEqual(value.shape, x.shape));
  switch (step.op) {
    case 'conv':
    case 'depthwise':
      return convolve(step, x);
    case 'pool': {
      const { kernel, strides, pad } = fit({ ...step.window, dilations: [1, 1] }, x);
      // A window must not lie in the padding altogether: it has no largest value, and no mean.
      const at = (side: number): number => Math.min(pad[side] as number, kernel[side >> 1] - 1);
      const inside = Array.isArray(pad) ? explicitPad([at(0), at(1), at(2), at(3)]) : pad;
      return step.kind === 'max'
        ? tf.maxPool(x, kernel, strides, inside)
        : tf.avgPool(x, kernel, strides, inside);
    }
    case 'unary':
      return unary(step.name, x, seed);
    case 'clip':
      return tf.clipByValue(x, step.min, step.max);
    case 'binary': {
      const y = sameShape(step.other);
      if (step.name === 'div') return tf.div(x, tf.add(tf.abs(y), 1));
      return bounded(tf[step.name]<Map4D>(x, y));
    }
    case 'vector': {
      const plain = quarters(step.scalar ? [] : [channels], seed);
      if (step.name === 'div') return tf.div(x, tf.add(tf.abs(plain), 1));
      const [a, b] = step.first ? [plain, x] : [x, plain];
      return tf[step.name]<Map4D>(a, b);
    }
    case 'batchNorm': {
      const vector = (k: number): tf.Tensor1D => quarters([channels], seed + k) as tf.Tensor1D;
      const variance = tf.add<tf.Tensor1D>(tf.abs(vector(1)), 0.5);
      const offset = step.offset ? vector(2) : undefined;
      return tf.batchNorm(x, vector(0), variance, offset, step.scale ? vector(3) : undefined);
    }
    case 'mask': {
      const mask = makeMask(step.mask, x, onThreshold);
      return step.first ? tf.mul(mask, x) : tf.mul(x, mask);
    }
    case 'select': {
      const condition = tf.notEqual(makeMask(step.mask, x, onThreshold), 0);
      const y = {
        none: () => sameShape(step.other),
        zeros: () => tf.zerosLike(x),
        scalar: () => tf.scalar(0.5),
      }[step.zero]();
      const whole = tf.broadcastTo(condition, [n, h, w, condition.shape.slice(-1)[0]]);
      return (step.swap ? tf.where(whole, y, x) : tf.where(whole, x, y)) as Map4D;
    }
    case 'resize': {
      const resize = { nearest: tf.image.resizeNearestNeighbor, bilinear: tf.image.resizeBilinear };
      return resize[step.method](x, step.size, step.mode === 1, step.mode === 2);
    }
    case 'pad': {
      const [top, bottom, left, right] = step.by;
      return tf.pad(
        x,
        [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ],
        step.value,
      );
    }
    case 'concat': {
      const place = (shape: number[]): string => shape.slice(0, 3).join();
      const y = mate(step.other, (value) => place(value.shape) === place(x.shape));
      return narrow(tf.concat([x, y], 3));
    }
    case 'addN':
      return tf.addN([x, ...step.others.map(sameShape)]);
    case 'fold': {
      const shape: [number, number, number, number] = step.channels
        ? [n, h, 1, w * channels]
        : [n, 1, h * w, channels];
      const folded = tf.reshape<tf.Rank.R4>(x, shape);
      const masked = tf.relu(tf.mul(folded, makeMask(step.mask, folded, onThreshold)));
      return tf.reshape(masked, x.shape);
    }
    case 'clone':
      return tf.clone(x);
    case 'block': {
      let y = x;
      for (let round = 0; round < step.rounds; round++) {
        const before = y;
        const block = {
          kind: step.block,
          mask: step.mask,
          relu: step.relu,
          seed: seed + 100 * round,
        };
        y = tf.tidy(() => residualBlock(before, block, onThreshold));
        if (before !== x) before.dispose();
      }
      return y;
    }
    case 'hourglass':
      return hourglass(x, step, onThreshold);
    case 'read':
      return x;
  }
}

/** Values of at most 8, so that products of products stay of a size. */
function bounded(x: Map4D): Map4D {
  return tf.clipByValue(x, -8, 8);
}

/** At most 24 channels, so that concatenations of concatenations stay of a size. */
function narrow(x: Map4D): Map4D {
  const [n, h, w, channels] = x.shape;
  return channels > 24 ? tf.slice(x, [0, 0, 0, 1], [n, h, w, 24]) : x;
}

/** The window, with padding that leaves an output where it would leave none. */
function fit(window: WindowSpec, x: Map4D): WindowSpec {
  const [, h, w] = x.shape;
  const [top, bottom, left, right] = Array.isArray(window.pad) ? window.pad : [0, 0, 0, 0];
  const span = (axis: 0 | 1): number => (window.kernel[axis] - 1) * window.dilations[axis] + 1;
  const fits = span(0) <= h + top + bottom && span(1) <= w + left + right;
  return window.pad === 'same' || fits ? window : { ...window, pad: 'same' };
}

function convolve(step: Step & { op: 'conv' | 'depthwise' }, x: Map4D): Map4D {
  const { kernel, strides, dilations, pad } = fit(step.window, x);
  const { activation, seed } = step;
  const [, , , channels] = x.shape;
  const isDepthwise = step.op === 'depthwise';
  // From many channels to few only: the reference is slow.
  const outChannels = isDepthwise ? channels : Math.min(step.channels, channels > 100 ? 8 : 1000);
  const weights = filter([...kernel, isDepthwise ? 1 : channels, outChannels], seed);
  const options = {
    x,
    filter: isDepthwise ? tf.reshape<tf.Rank.R4>(weights, [...kernel, channels, 1]) : weights,
    strides,
    pad: Array.isArray(pad) ? explicitPad(pad) : pad,
    dilations,
    activation,
    leakyreluAlpha: 0.3,
    bias: step.bias ? quarters([outChannels], seed + 1) : undefined,
    preluActivationWeights:
      activation === 'prelu' ? quarters([1, 1, outChannels], seed + 2) : undefined,
  };
  // The types of depthwiseConv2d leave explicit padding out; it takes it.
  return isDepthwise
    ? tf.fused.depthwiseConv2d({ ...options, pad: options.pad as 'same' })
    : tf.fused.conv2d(options);
}

function explicitPad([top, bottom, left, right]: [number, number, number, number]) {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ] as tf.backend_util.ExplicitPadding;
}

function unary(name: (Step & { op: 'unary' })['name'], x: Map4D, seed: number): Map4D {
  const [, , , channels] = x.shape;
  switch (name) {
    case 'leakyRelu':
      return tf.leakyRelu(x, 0.1);
    case 'prelu':
      return tf.prelu(x, quarters([channels], seed)) as Map4D;
    case 'sharedPrelu':
      return tf.prelu(x, quarters([1, 1, 1], seed)) as Map4D;
    case 'square':
      return bounded(tf.square(x));
    case 'exp':
      return tf.exp(tf.clipByValue(x, -3, 2));
    case 'log1p':
      return tf.log1p(tf.abs(x));
    case 'sqrt':
    case 'rsqrt':
    case 'reciprocal':
      return tf[name]<Map4D>(tf.add(tf.abs(x), 0.5));
    case 'floorOfInput':
      return tf.mul<Map4D>(tf.floor(quarters(x.shape, seed)), x);
    default:
      return tf[name](x);
  }
}
