import * as tf from '@tensorflow/tfjs-core';
import { each } from './call.js';
import type { Caller } from './call.js';

const unary = each(
  [
    ...[tf.Abs, tf.Acos, tf.Acosh, tf.Asin, tf.Asinh, tf.Atan, tf.Atanh, tf.Ceil, tf.Cos, tf.Cosh],
    ...[tf.Elu, tf.Erf, tf.Exp, tf.Expm1, tf.Floor, tf.Identity, tf.IsFinite, tf.IsInf, tf.IsNan],
    ...[tf.Log, tf.Log1p, tf.Neg, tf.OnesLike, tf.Reciprocal, tf.Relu, tf.Relu6],
    ...[tf.Round, tf.Rsqrt, tf.Selu, tf.Sigmoid, tf.Sign, tf.Sin, tf.Sinh, tf.Softplus, tf.Sqrt],
    ...[tf.Square, tf.Tan, tf.Tanh, tf.ZerosLike],
  ],
  (source) => ({ inputs: { x: source.any({ range: source.pick('any', 'any', 'special') }) } }),
);

const binary = each(
  [
    ...[
      tf.Add,
      tf.Atan2,
      tf.Equal,
      tf.FloorDiv,
      tf.Greater,
      tf.GreaterEqual,
      tf.Less,
      tf.LessEqual,
    ],
    ...[tf.Maximum, tf.Minimum, tf.Mod, tf.Multiply, tf.NotEqual],
    ...[tf.Pow, tf.RealDiv, tf.SquaredDifference, tf.Sub],
  ],
  (source) => {
    const first = source.any({ range: source.pick('any', 'any', 'special') });
    const second = source.mate(first);
    const [a, b] = source.chance(0.5) ? [first, second] : [second, first];
    return { inputs: { a, b } };
  },
);

const reductions = each([tf.All, tf.Any, tf.Mean, tf.Min, tf.Prod, tf.Sum], (source) => {
  const x = source.any({ ranks: [1, 2, 3, 4, 5] });
  return { inputs: { x }, attrs: { axis: source.axes(x), keepDims: source.chance(0.5) } };
});

const extremes = each([tf.ArgMax, tf.ArgMin], (source) => {
  const x = source.any({ ranks: [1, 2, 3, 4] });
  return { inputs: { x }, attrs: { axis: source.axis(x) } };
});

const cumulative = each([tf.Cumsum, tf.Cumprod], (source) => {
  const x = source.any({ ranks: [0, 1, 2, 3, 4] });
  const [exclusive, reverse] = [source.chance(0.5), source.chance(0.5)];
  // Of an axis from the end the cpu backend makes a shape that is none.
  return {
    inputs: { x },
    attrs: { axis: source.int(0, Math.max(0, x.rank - 1)), exclusive, reverse },
  };
});

const maximum: Record<string, Caller> = {
  [tf.Max](source) {
    const x = source.any({ ranks: [1, 2, 3, 4, 5] });
    return {
      inputs: { x },
      attrs: { reductionIndices: source.axes(x), keepDims: source.chance(0.5) },
    };
  },
};

/** Kernels of one or two operands of the same shape, and those that take an axis away or go along it. */
export const elementwise: Record<string, Caller> = {
  ...unary,
  ...binary,
  ...reductions,
  ...maximum,
  ...extremes,
  ...cumulative,
};
