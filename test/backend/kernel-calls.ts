import * as tf from '@tensorflow/tfjs-core';
import type { AnyType, Source, Type } from './source.js';

/*
 * How each kernel may be called: inputs of any type and of shapes that go together, and attributes.
 * The kernels are called by themselves, below TensorFlow.js's operations, which would refuse some
 * of the types before they get to the kernel.
 */

export interface KernelCall {
  inputs: Record<string, tf.Tensor | tf.Tensor[] | undefined> | tf.Tensor[];
  attrs?: Record<string, unknown>;
}

/** A call of the kernel with operands of the source; null where the source has none that would do. */
export type Caller = (source: Source) => KernelCall | null;

const FLOAT: readonly Type[] = ['float32'];
const INTEGER: readonly Type[] = ['int32'];

/** Calls a kernel of the current backend; `change` makes other tensors of its inputs. */
export function callKernel(
  name: string,
  { inputs, attrs = {} }: KernelCall,
  change = (x: tf.Tensor) => x,
): tf.Tensor[] {
  const given = Object.entries(inputs).filter(([, x]) => x) as [string, tf.Tensor | tf.Tensor[]][];
  const changed = Array.isArray(inputs)
    ? inputs.map(change)
    : Object.fromEntries(
        given.map(([key, x]) => [key, Array.isArray(x) ? x.map(change) : change(x)]),
      );
  const results = tf
    .engine()
    .runKernel<tf.Tensor | tf.Tensor[]>(
      name,
      changed as unknown as tf.NamedTensorMap,
      attrs as tf.NamedAttrMap,
    );
  return [results].flat();
}

/** The same caller for several kernels. */
function each(names: readonly string[], caller: Caller): Record<string, Caller> {
  return Object.fromEntries(names.map((name) => [name, caller]));
}

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
  const x = source.any({ ranks: [1, 2, 3, 4] });
  const [exclusive, reverse] = [source.chance(0.5), source.chance(0.5)];
  // Of an axis from the end the cpu backend makes a shape that is none.
  return { inputs: { x }, attrs: { axis: source.int(0, x.rank - 1), exclusive, reverse } };
});

/** The window of a convolution or a pool over two or three dimensions. */
function windowOf(source: Source, dimensions: 2 | 3) {
  const sizes = (max: number) => Array.from({ length: dimensions }, () => source.int(1, max));
  const ones = sizes(1);
  const isDilated = source.chance(0.2);
  return {
    kernel: sizes(3),
    strides: isDilated ? ones : sizes(3),
    dilations: isDilated ? sizes(2) : ones,
    pad: source.pick('same' as const, 'valid' as const),
  };
}

const padding = (source: Source) => (source.chance(0.3) ? source.int(0, 2) : null);

const pools = each([tf.AvgPool, tf.MaxPool], (source) => {
  const { kernel, strides, pad } = windowOf(source, 2);
  const dimRoundingMode = source.pick('floor', 'round', 'ceil');
  const number = padding(source);
  const attrs = {
    filterSize: kernel,
    strides,
    pad: number ?? pad,
    ...(number && { dimRoundingMode }),
  };
  return { inputs: { x: source.any({ ranks: [4] }) }, attrs };
});

const pools3D = each([tf.AvgPool3D, tf.MaxPool3D], (source) => {
  const { kernel, strides, pad } = windowOf(source, 3);
  const attrs = { filterSize: kernel, strides, pad, dataFormat: 'NDHWC' };
  return { inputs: { x: source.any({ ranks: [5] }) }, attrs };
});

/** The gradient of a pool: what reached its output, and its input. */
function poolGradient(dimensions: 2 | 3, hasOutput: boolean): Caller {
  return (source) => {
    const { kernel, strides, pad } = windowOf(source, dimensions);
    const input = source.any({ ranks: [dimensions + 2], types: FLOAT });
    if (input.size === 0) return null;
    const { outShape } =
      dimensions === 2
        ? tf.backend_util.computePool2DInfo(
            input.shape as Shape4D,
            pair(kernel),
            pair(strides),
            1,
            pad,
          )
        : tf.backend_util.computePool3DInfo(
            input.shape as Shape5D,
            triple(kernel),
            triple(strides),
            1,
            pad,
          );
    if (outShape.some((size) => size < 0)) return null;
    const dy = source.tensor(outShape);
    const maximum = () =>
      dimensions === 2
        ? tf.maxPool(input as tf.Tensor4D, pair(kernel), pair(strides), pad)
        : tf.maxPool3d(input as tf.Tensor5D, triple(kernel), triple(strides), pad);
    const output = hasOutput && input.size > 0 ? maximum() : undefined;
    return {
      inputs: { dy, input, ...(output && { output }) },
      attrs: { filterSize: kernel, strides, pad },
    };
  };
}

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];
const pair = ([height, width]: number[]): [number, number] => [height, width];
const triple = ([depth, height, width]: number[]): [number, number, number] => [
  depth,
  height,
  width,
];

function convolution(isDepthwise: boolean, isFused: boolean): Caller {
  return (source) => {
    const { kernel, strides, dilations, pad } = windowOf(source, 2);
    const x = source.any({ ranks: [4], types: source.chance(0.9) ? FLOAT : undefined });
    const [, , , channels] = x.shape as Shape4D;
    const groups = !isDepthwise && channels % 2 === 0 && source.chance(0.1) ? 2 : 1;
    const outputs = isDepthwise ? source.int(1, 2) : groups * source.length();
    const type = source.chance(0.95) ? 'float32' : 'int32';
    const filter = source.tensor([...kernel, channels / groups, outputs], type);
    const attrs = {
      ...{ strides, dilations, pad: padding(source) ?? pad, dataFormat: 'NHWC' },
      ...(isFused && { activation: 'linear', leakyreluAlpha: 0.25 }),
    };
    if (!isFused) return { inputs: { x, filter }, attrs };
    attrs.activation = source.pick(
      'linear',
      'relu',
      'relu6',
      'elu',
      'sigmoid',
      'leakyrelu',
      'prelu',
    );
    const all = isDepthwise ? channels * outputs : outputs;
    const bias = source.chance(0.5) ? source.tensor([all], type) : undefined;
    const weights = attrs.activation === 'prelu' ? source.tensor([1, 1, all]) : undefined;
    return { inputs: { x, filter, bias, preluActivationWeights: weights }, attrs };
  };
}

/** The gradients of a convolution, by its input or its filter. */
function convolutionGradient(by: 'input' | 'filter', isDepthwise: boolean): Caller {
  return (source) => {
    const { kernel, strides, pad } = windowOf(source, 2);
    const x = source.any({ ranks: [4], types: FLOAT });
    const outputs = source.int(1, 5);
    const filterShape = [...kernel, x.shape[3]!, outputs] as Shape4D;
    const { outShape } = tf.backend_util.computeConv2DInfo(
      ...([
        x.shape as Shape4D,
        filterShape,
        pair(strides),
        1,
        pad,
        undefined,
        isDepthwise,
      ] as const),
    );
    if (outShape.some((size) => size < 0)) return null;
    const dy = source.tensor(outShape);
    const attrs = { strides, pad, dataFormat: 'NHWC', ...(isDepthwise && { dilations: [1, 1] }) };
    if (by === 'filter') return { inputs: { x, dy }, attrs: { ...attrs, filterShape } };
    return {
      inputs: { dy, filter: source.tensor(filterShape) },
      attrs: { ...attrs, inputShape: x.shape },
    };
  };
}

function convolution3D(by: 'nothing' | 'input' | 'filter'): Caller {
  return (source) => {
    const { kernel, strides, pad } = windowOf(source, 3);
    const x = source.any({ ranks: [5], types: FLOAT });
    const filterShape = [...kernel, x.shape[4]!, source.int(1, 3)] as Shape5D;
    const attrs = { strides, pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] };
    const filter = source.tensor(filterShape);
    if (by === 'nothing') return { inputs: { x, filter }, attrs };
    const { outShape } = tf.backend_util.computeConv3DInfo(
      ...([x.shape as Shape5D, filterShape, triple(strides), 1, pad] as const),
    );
    if (outShape.some((size) => size < 0)) return null;
    const dy = source.tensor(outShape);
    return by === 'input'
      ? { inputs: { dy, filter }, attrs: { ...attrs, inputShape: x.shape } }
      : { inputs: { x, dy }, attrs: { ...attrs, filterShape } };
  };
}

function dilation(by: 'nothing' | 'gradient'): Caller {
  return (source) => {
    const { kernel, strides, dilations, pad } = windowOf(source, 2);
    const x = source.any({ ranks: [4], types: FLOAT });
    const filter = source.tensor([...kernel, x.shape[3]!]);
    const attrs = { strides, dilations, pad };
    if (by === 'nothing') return { inputs: { x, filter }, attrs };
    const { outShape } = tf.backend_util.computeDilation2DInfo(
      ...([x.shape as Shape4D, filter.shape as [number, number, number]] as const),
      ...([pair(strides), pad, 'NHWC', pair(dilations)] as const),
    );
    if (outShape.some((size) => size < 0)) return null;
    return { inputs: { x, filter, dy: source.tensor(outShape) }, attrs };
  };
}

const windows: Record<string, Caller> = {
  ...pools,
  ...pools3D,
  [tf.AvgPoolGrad]: poolGradient(2, false),
  [tf.MaxPoolGrad]: poolGradient(2, true),
  [tf.AvgPool3DGrad]: poolGradient(3, false),
  [tf.MaxPool3DGrad]: poolGradient(3, true),
  [tf.MaxPoolWithArgmax](source) {
    const { kernel, strides, pad } = windowOf(source, 2);
    const attrs = { filterSize: kernel, strides, pad, includeBatchInIndex: source.chance(0.5) };
    return { inputs: { x: source.any({ ranks: [4], types: FLOAT }) }, attrs };
  },
  [tf.Conv2D]: convolution(false, false),
  [tf.FusedConv2D]: convolution(false, true),
  [tf.DepthwiseConv2dNative]: convolution(true, false),
  [tf.FusedDepthwiseConv2D]: convolution(true, true),
  [tf.Conv2DBackpropInput]: convolutionGradient('input', false),
  [tf.Conv2DBackpropFilter]: convolutionGradient('filter', false),
  [tf.DepthwiseConv2dNativeBackpropInput]: convolutionGradient('input', true),
  [tf.DepthwiseConv2dNativeBackpropFilter]: convolutionGradient('filter', true),
  [tf.Conv3D]: convolution3D('nothing'),
  [tf.Conv3DBackpropInputV2]: convolution3D('input'),
  [tf.Conv3DBackpropFilterV2]: convolution3D('filter'),
  [tf.Dilation2D]: dilation('nothing'),
  [tf.Dilation2DBackpropInput]: dilation('gradient'),
  [tf.Dilation2DBackpropFilter]: dilation('gradient'),
};

/** Two matrices, or stacks of them, whose product exists. */
function matrices(source: Source) {
  const [transposeA, transposeB] = [source.chance(0.4), source.chance(0.4)];
  const types = source.chance(0.8) ? FLOAT : undefined;
  const a = source.any({ ranks: [3], types });
  const [batch, first, second] = a.shape as [number, number, number];
  const [left, inner] = transposeA ? [second, first] : [first, second];
  const right = source.length();
  const b = source.tensor(
    [source.pick(batch, batch, 1), ...(transposeB ? [right, inner] : [inner, right])],
    a.dtype,
  );
  return { a, b, transposeA, transposeB, left, right };
}

const linear: Record<string, Caller> = {
  [tf.BatchMatMul](source) {
    const { a, b, transposeA, transposeB } = matrices(source);
    return { inputs: { a, b }, attrs: { transposeA, transposeB } };
  },
  [tf._FusedMatMul](source) {
    const { a, b, transposeA, transposeB, right } = matrices(source);
    const activation = source.pick(
      'linear',
      'relu',
      'relu6',
      'elu',
      'sigmoid',
      'leakyrelu',
      'prelu',
    );
    const bias = source.chance(0.5) ? source.tensor([right], a.dtype) : undefined;
    const weights = activation === 'prelu' ? source.tensor([right]) : undefined;
    return {
      inputs: { a, b, bias, preluActivationWeights: weights },
      attrs: { transposeA, transposeB, activation, leakyreluAlpha: 0.25 },
    };
  },
  [tf.Einsum](source) {
    const a = source.any({ ranks: [2], types: FLOAT });
    return {
      inputs: [a, source.tensor([a.shape[1]!, source.int(1, 4)])],
      // With a dimension that only one operand has and that is summed over, the cpu backend's shapes are wrong.
      attrs: { equation: source.pick('ij,jk->ik', 'ij,jk->ki') },
    };
  },
  [tf.FusedBatchNorm](source) {
    const x = source.any({ ranks: [2, 3, 4], types: FLOAT });
    const vector = (range: 'any' | 'positive') =>
      source.tensor(
        x.shape.slice(-1),
        source.pick('float32', 'float32', 'float32', 'int32'),
        range,
      );
    return {
      inputs: {
        ...{ x, mean: vector('any'), variance: vector('positive') },
        offset: source.chance(0.5) ? vector('any') : undefined,
        scale: source.chance(0.5) ? vector('any') : undefined,
      },
      attrs: { varianceEpsilon: 0.25 },
    };
  },
  [tf.Softmax]: (source) => {
    const logits = source.any({ ranks: [1, 2, 3, 4] });
    return { inputs: { logits }, attrs: { dim: logits.rank - 1 } };
  },
  ...each([tf.LRN], (source) => ({
    inputs: { x: source.any({ ranks: [4], types: FLOAT }) },
    attrs: { depthRadius: source.int(0, 3), bias: 1, alpha: 0.5, beta: 0.5 },
  })),
  [tf.LRNGrad](source) {
    const x = source.any({ ranks: [4], types: FLOAT });
    const [y, dy] = [source.tensor(x.shape), source.tensor(x.shape)];
    return {
      inputs: { x, y, dy },
      attrs: { depthRadius: source.int(0, 3), bias: 1, alpha: 0.5, beta: 0.5 },
    };
  },
  [tf.EluGrad](source) {
    const y = source.any({ types: FLOAT });
    return { inputs: { dy: source.tensor(y.shape), y } };
  },
  [tf.LeakyRelu]: (source) => ({ inputs: { x: source.any() }, attrs: { alpha: 0.25 } }),
  [tf.Prelu](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const shape = source.chance(0.6)
      ? x.shape.slice(-1)
      : x.shape.map((size) => source.pick(1, size));
    return {
      inputs: { x, alpha: source.tensor(shape, source.pick('float32', 'float32', 'int32')) },
    };
  },
  [tf.Step]: (source) => ({ inputs: { x: source.any() }, attrs: { alpha: source.pick(0, 0.25) } }),
  [tf.ClipByValue](source) {
    const [clipValueMin, clipValueMax] = source.pick(
      [0, 1],
      [-1, 2],
      [1, 2],
      [-2.5, -0.5],
      [-Infinity, 0],
    );
    return { inputs: { x: source.any() }, attrs: { clipValueMin, clipValueMax } };
  },
  [tf.AddN](source) {
    const first = source.any();
    const more = Array.from({ length: source.int(1, 3) }, () =>
      source.tensor(first.shape, first.dtype),
    );
    return { inputs: [first, ...more] };
  },
  [tf.BitwiseAnd](source) {
    const a = source.any({ types: INTEGER });
    return { inputs: { a, b: source.tensor(a.shape, 'int32') } };
  },
  ...each([tf.LogicalAnd, tf.LogicalOr, tf.LogicalXor], (source) => {
    const a = source.any({ types: ['bool'] });
    return { inputs: { a, b: source.mate(a) } };
  }),
  [tf.LogicalNot]: (source) => ({ inputs: { x: source.any({ types: ['bool'] }) } }),
};

/** Pairs of padding for every axis of a tensor. */
const borders = (source: Source, { shape }: tf.Tensor, most: (size: number) => number) =>
  shape.map((size) =>
    source.chance(0.5) ? [0, 0] : [source.int(0, most(size)), source.int(0, most(size))],
  );

const movement: Record<string, Caller> = {
  [tf.Cast]: (source) => ({
    inputs: { x: source.any({ range: source.pick('any', 'special') }) },
    attrs: { dtype: source.pick('float32', 'int32', 'bool') },
  }),
  [tf.Reshape](source) {
    const x = source.any();
    const shape = source.pick([x.size], [1, x.size], [...x.shape, 1], [...x.shape].reverse());
    return { inputs: { x }, attrs: { shape } };
  },
  [tf.ExpandDims](source) {
    const input = source.any({ ranks: [0, 1, 2, 3] });
    return { inputs: { input }, attrs: { dim: source.int(-1, input.rank) } };
  },
  [tf.Transpose](source) {
    const x = source.any({ ranks: [1, 2, 3, 4, 5] });
    return { inputs: { x }, attrs: { perm: source.permutation(x) } };
  },
  [tf.Reverse](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    return { inputs: { x }, attrs: { dims: source.axes(x) } };
  },
  [tf.Tile](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    return { inputs: { x }, attrs: { reps: x.shape.map(() => source.pick(1, 1, 2, 3)) } };
  },
  [tf.Concat](source) {
    const first = source.any({ ranks: [1, 2, 3, 4] });
    const axis = source.int(0, first.rank - 1);
    const more = Array.from({ length: source.int(0, 3) }, () =>
      source.tensor(
        first.shape.map((size, at) => (at === axis ? source.length() : size)),
        first.dtype,
      ),
    );
    return { inputs: [first, ...more], attrs: { axis } };
  },
  [tf.Pack](source) {
    const first = source.any({ ranks: [0, 1, 2, 3] });
    const more = Array.from({ length: source.int(0, 3) }, () =>
      source.tensor(first.shape, first.dtype),
    );
    return { inputs: [first, ...more], attrs: { axis: source.int(0, first.rank) } };
  },
  [tf.Unpack](source) {
    const value = source.any({ ranks: [1, 2, 3, 4] });
    return { inputs: { value }, attrs: { axis: source.int(0, value.rank - 1) } };
  },
  [tf.SplitV](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const axis = source.int(0, x.rank - 1);
    const size = x.shape[axis];
    const first = source.int(0, size);
    return {
      inputs: { x },
      attrs: { axis, numOrSizeSplits: source.pick<number | number[]>([first, size - first], 1) },
    };
  },
  [tf.PadV2](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const constantValue = x.dtype === 'bool' ? source.pick(0, 1) : source.pick(0, 0, 1, -1.5);
    return { inputs: { x }, attrs: { paddings: borders(source, x, () => 2), constantValue } };
  },
  [tf.MirrorPad](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const mode = source.pick('reflect', 'symmetric');
    const most = (size: number) => Math.max(0, Math.min(2, mode === 'reflect' ? size - 1 : size));
    return { inputs: { x }, attrs: { paddings: borders(source, x, most), mode } };
  },
  [tf.Slice](source) {
    const x = source.any({ ranks: [1, 2, 3, 4, 5] });
    const begin = x.shape.map((size) => source.int(0, size));
    const size = x.shape.map((length, axis) =>
      source.chance(0.3) ? -1 : source.int(0, length - begin[axis]),
    );
    return { inputs: { x }, attrs: { begin, size } };
  },
  [tf.StridedSlice](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const numbers = (min: number, max: number) => x.shape.map(() => source.int(min, max));
    const mask = () => (source.chance(0.5) ? 0 : source.int(0, 2 ** x.rank - 1));
    return {
      inputs: { x },
      attrs: {
        ...{ begin: numbers(-3, 3), end: numbers(-4, 7) },
        strides: x.shape.map(() => source.pick(1, 1, 2, -1)),
        ...{ beginMask: mask(), endMask: mask(), ellipsisMask: 0, newAxisMask: 0 },
        shrinkAxisMask: 0,
      },
    };
  },
  [tf.BatchToSpaceND](source) {
    const blockShape = [source.int(1, 2), source.int(1, 2)];
    const blocks = blockShape[0] * blockShape[1];
    const x = source.tensor(
      [blocks * source.int(1, 2), source.int(1, 4), source.int(1, 4), source.length()],
      source.pick('float32', 'int32', 'bool'),
    );
    const crops = [0, 1].map((axis) => [source.int(0, blockShape[axis] - 1), 0]);
    return { inputs: { x }, attrs: { blockShape, crops } };
  },
  [tf.SpaceToBatchND](source) {
    const x = source.any({ ranks: [3, 4] });
    const blockShape = [source.int(1, 2), source.int(1, 2)];
    const paddings = blockShape.map((block, axis) => {
      const before = source.int(0, 2);
      const length = x.shape[axis + 1] + before;
      return [before, (block - (length % block)) % block];
    });
    return { inputs: { x }, attrs: { blockShape, paddings } };
  },
  [tf.DepthToSpace](source) {
    const x = source.tensor(
      [source.length(), source.length(), source.length(), 4 * source.int(1, 3)],
      source.pick('float32', 'int32', 'bool'),
    );
    return { inputs: { x }, attrs: { blockSize: 2, dataFormat: 'NHWC' } };
  },
  [tf.Diag]: (source) => ({ inputs: { x: source.any({ ranks: [1, 2] }) } }),
  [tf.Fill]: (source) => ({
    inputs: {},
    attrs: { shape: source.shape(source.int(0, 4)), ...filling(source) },
  }),
  [tf.LinSpace]: (source) => ({
    inputs: {},
    attrs: { start: source.int(-3, 3), stop: source.int(-3, 3), num: source.int(1, 9) },
  }),
  [tf.Range]: (source) => ({
    inputs: {},
    attrs: {
      ...{ start: source.int(-3, 3), stop: source.int(-3, 9), step: source.pick(1, 2, -1) },
      dtype: source.pick('float32', 'int32'),
    },
  }),
  [tf.Select](source) {
    const t = source.any();
    const e = source.tensor(t.shape, t.dtype);
    const isByRows = t.rank > 1 && source.chance(0.2);
    return {
      inputs: { condition: source.tensor(isByRows ? [t.shape[0]] : t.shape, 'bool'), t, e },
    };
  },
  [tf.BroadcastArgs](source) {
    const shape = source.shape(source.int(1, 3));
    const vector = (sizes: number[]) => tf.tensor1d(sizes, 'int32');
    return { inputs: { s0: vector(shape), s1: vector(shape.map((size) => source.pick(1, size))) } };
  },
};

/** A value and its type, for Fill and OneHot. */
const filling = (source: Source) =>
  source.pick(
    ...[0, 1, -2.5].map((value) => ({ value, dtype: 'float32' })),
    ...[0, 7, -3].map((value) => ({ value, dtype: 'int32' })),
    ...[0, 1].map((value) => ({ value, dtype: 'bool' })),
  );

/** Numbers below `end`, or now and then beyond it. */
const indices = (source: Source, shape: number[], end: number, strays = 0.1): tf.Tensor =>
  source.tensor(
    shape,
    'int32',
    source.chance(strays) ? { from: -2, to: end + 1 } : { from: 0, to: Math.max(end - 1, 0) },
  );

const lookups: Record<string, Caller> = {
  [tf.GatherV2](source) {
    const x = source.any({ ranks: [1, 2, 3, 4] });
    const axis = source.int(0, x.rank - 1);
    const shape = source.shape(source.int(0, 2));
    const batchDims = source.chance(0.2) ? source.int(0, axis) : 0;
    const batch = x.shape.slice(0, batchDims);
    return {
      inputs: { x, indices: indices(source, [...batch, ...shape], x.shape[axis]) },
      attrs: { axis, batchDims },
    };
  },
  [tf.GatherNd](source) {
    const params = source.any({ ranks: [1, 2, 3, 4] });
    const depth = source.int(1, params.rank);
    const least = Math.min(...params.shape.slice(0, depth));
    return {
      inputs: {
        params,
        indices: indices(source, [...source.shape(source.int(0, 2)), depth], least),
      },
    };
  },
  [tf.ScatterNd](source) {
    const shape = source.shape(source.int(1, 3)).map((size) => Math.max(1, size));
    const depth = source.int(1, shape.length);
    const count = source.int(1, 4);
    const type = source.pick<Type>('float32', 'int32', 'bool');
    return {
      inputs: {
        indices: indices(source, [count, depth], Math.min(...shape.slice(0, depth))),
        updates: source.tensor([count, ...shape.slice(depth)], type),
      },
      attrs: { shape },
    };
  },
  [tf.TensorScatterUpdate](source) {
    const tensor = source.any({ ranks: [1, 2, 3] });
    const depth = source.int(1, tensor.rank);
    const count = source.int(1, 4);
    return {
      inputs: {
        tensor,
        indices: indices(source, [count, depth], Math.min(...tensor.shape.slice(0, depth))),
        updates: source.tensor([count, ...tensor.shape.slice(depth)], tensor.dtype),
      },
      attrs: {},
    };
  },
  [tf.SparseToDense](source) {
    const outputShape = source.shape(source.int(1, 3)).map((size) => Math.max(1, size));
    const count = source.int(1, 4);
    const type = source.pick<Type>('float32', 'int32', 'bool');
    return {
      inputs: {
        sparseIndices: indices(source, [count, outputShape.length], Math.min(...outputShape)),
        sparseValues: source.tensor(source.pick([count], []), type),
        defaultValue: source.tensor([], type),
      },
      attrs: { outputShape },
    };
  },
  [tf.OneHot](source) {
    const depth = source.int(1, 5);
    const { dtype } = filling(source);
    return {
      inputs: { indices: indices(source, source.shape(source.int(0, 3)), depth) },
      attrs: { depth, onValue: 1, offValue: 0, dtype },
    };
  },
  [tf.Bincount](source) {
    const size = source.int(1, 8);
    const x = indices(source, [source.length()], size);
    return {
      inputs: { x, weights: source.tensor(source.pick([0], x.shape), 'float32') },
      attrs: { size },
    };
  },
  [tf.DenseBincount](source) {
    const size = source.int(1, 8);
    const x = indices(source, source.shape(source.int(1, 2)), size);
    const weights = source.tensor(source.pick([0], x.shape), 'float32');
    return { inputs: { x, weights }, attrs: { size, binaryOutput: source.chance(0.3) } };
  },
  [tf.SearchSorted](source) {
    const rows = source.int(1, 3);
    const type = source.pick<Type>('float32', 'int32');
    const [sequence] = [source.tensor([rows, source.length()], type)];
    const sorted = tf.tensor(
      [...sequence.dataSync()].sort((a, b) => a - b),
      sequence.shape,
      type,
    );
    return {
      inputs: { sortedSequence: sorted, values: source.tensor([rows, source.length()], type) },
      attrs: { side: source.pick('left', 'right') },
    };
  },
  [tf.TopK](source) {
    const x = source.any({ ranks: [1, 2, 3], types: source.pick(FLOAT, INTEGER) });
    const k = source.int(0, x.shape[x.rank - 1]);
    return { inputs: { x }, attrs: { k, sorted: true } };
  },
  [tf.Unique](source) {
    const x = source.any({ ranks: [1, 2, 3] });
    return { inputs: { x }, attrs: { axis: source.int(0, x.rank - 1) } };
  },
  ...each([tf.SparseSegmentMean, tf.SparseSegmentSum], (source) => {
    const data = source.any({ ranks: [1, 2, 3] });
    const count = source.int(1, 5);
    const segments = Array.from({ length: count }, () => source.int(0, 3)).sort((a, b) => a - b);
    return {
      inputs: {
        data,
        indices: indices(source, [count], data.shape[0]),
        segmentIds: tf.tensor1d(segments, 'int32'),
      },
    };
  }),
  [tf.UnsortedSegmentSum](source) {
    const x = source.any({ ranks: [1, 2, 3] });
    return {
      inputs: { x, segmentIds: indices(source, [x.shape[0]], 3, 0) },
      attrs: { numSegments: 3 },
    };
  },
  [tf.SparseFillEmptyRows](source) {
    const rows = source.int(1, 4);
    const count = source.int(0, 4);
    const type = source.pick<Type>('float32', 'int32', 'bool');
    return {
      inputs: {
        indices: indices(source, [count, 2], rows),
        values: source.tensor([count], type),
        denseShape: tf.tensor1d([rows, 4], 'int32'),
        defaultValue: source.tensor([], type),
      },
    };
  },
  [tf.SparseReshape](source) {
    const count = source.int(0, 4);
    return {
      inputs: {
        inputIndices: indices(source, [count, 2], 4),
        inputShape: tf.tensor1d([4, 6], 'int32'),
        newShape: tf.tensor1d(source.pick([2, 12], [-1, 3], [24], [5, 5]), 'int32'),
      },
    };
  },
};

const resizing = (source: Source) => {
  const [alignCorners, halfPixelCenters] = source.pick(
    [false, false],
    [true, false],
    [false, true],
  );
  return { size: [source.int(1, 7), source.int(1, 7)], alignCorners, halfPixelCenters };
};

/** Boxes with two corners each in [0, 1], and a little beyond. */
const boxesOf = (source: Source, count: number, type: Type = 'float32') =>
  source.tensor([count, 4], type, { from: source.pick(0, -1), to: source.pick(1, 2) });

const suppression = (source: Source) => {
  const count = source.length();
  const type = source.chance(0.9) ? 'float32' : 'int32';
  return {
    inputs: {
      boxes: boxesOf(source, count, type),
      scores: source.tensor([count], type, { from: 0, to: 1 }),
    },
    attrs: {
      ...{ maxOutputSize: source.int(0, 4), iouThreshold: source.pick(0, 0.25, 0.5, 1) },
      ...{ scoreThreshold: source.pick(-Infinity, 0.1, 0.5) },
    },
  };
};

const images: Record<string, Caller> = {
  ...each([tf.ResizeBilinear, tf.ResizeNearestNeighbor], (source) => {
    const images = source.any({ ranks: [4] });
    // Of no pixels the cpu backend makes some.
    return images.size === 0 ? null : { inputs: { images }, attrs: resizing(source) };
  }),
  ...each([tf.ResizeBilinearGrad, tf.ResizeNearestNeighborGrad], (source) => {
    // Of others the cpu backend mistakes the height for the width.
    const size = source.int(1, 5);
    const images = source.tensor([source.int(1, 3), size, size, source.int(1, 5)]);
    const { alignCorners, size: outSize } = resizing(source);
    const dy = source.tensor([images.shape[0], ...outSize, images.shape[3]!]);
    return {
      inputs: { images, dy },
      attrs: {
        // The cpu backend loops for ever over a single pixel whose corners are aligned.
        alignCorners: alignCorners && size > 1,
        ...{ halfPixelCenters: false, size: outSize },
      },
    };
  }),
  [tf.CropAndResize](source) {
    const image = source.any({ ranks: [4] });
    const count = source.length();
    return {
      inputs: {
        ...{ image, boxes: boxesOf(source, count, source.chance(0.9) ? 'float32' : 'int32') },
        boxInd: indices(source, [count], image.shape[0]),
      },
      attrs: {
        ...{
          cropSize: [source.int(1, 5), source.int(1, 5)],
          extrapolationValue: source.pick(0, 2.5),
        },
        method: source.pick('bilinear', 'nearest'),
      },
    };
  },
  [tf.FlipLeftRight]: (source) => ({ inputs: { image: source.any({ ranks: [4] }) } }),
  [tf.RotateWithOffset]: (source) => ({
    inputs: { image: source.any({ ranks: [4], types: source.pick(FLOAT, INTEGER) }) },
    attrs: {
      ...{
        radians: source.pick(0, 0.7, -2),
        fillValue: source.pick<number | number[]>(0, 2, [1, 2, 3]),
      },
      center: source.pick<number | number[]>(0.5, [0.25, 0.75]),
    },
  }),
  [tf.Transform](source) {
    const image = source.any({ ranks: [4] });
    return {
      inputs: { image, transforms: source.tensor([source.pick(1, image.shape[0]), 8]) },
      attrs: {
        ...{ interpolation: source.pick('nearest', 'bilinear'), fillValue: source.pick(0, 1) },
        fillMode: source.pick('constant', 'reflect', 'wrap', 'nearest'),
        outputShape: source.pick([3, 4], undefined),
      },
    };
  },
  [tf.NonMaxSuppressionV3]: suppression,
  [tf.NonMaxSuppressionV4](source) {
    const { inputs, attrs } = suppression(source);
    return { inputs, attrs: { ...attrs, padToMaxOutputSize: source.chance(0.5) } };
  },
  [tf.NonMaxSuppressionV5](source) {
    const { inputs, attrs } = suppression(source);
    return { inputs, attrs: { ...attrs, softNmsSigma: source.pick(0, 0.5) } };
  },
};

const complexNumbers: Record<string, Caller> = {
  [tf.Complex](source) {
    const real = source.any({ types: FLOAT });
    return { inputs: { real, imag: source.tensor(real.shape) } };
  },
  ...each([tf.Real, tf.Imag], (source) => ({
    inputs: { input: source.tensor(source.shape(source.int(0, 4)), 'complex64') },
  })),
  [tf.ComplexAbs]: (source) => ({
    inputs: { x: source.tensor(source.shape(source.int(0, 4)), 'complex64') },
  }),
  ...each([tf.FFT, tf.IFFT], (source) => ({
    inputs: { input: source.tensor([source.int(1, 3), source.int(1, 9)], 'complex64') },
  })),
};

const strings: Record<string, Caller> = {
  [tf.StringSplit]: (source) => ({
    inputs: { input: source.tensor([source.int(1, 4)], 'string'), delimiter: tf.scalar(' ') },
    attrs: { skipEmpty: source.chance(0.5) },
  }),
  [tf.StringToHashBucketFast]: (source) => ({
    inputs: { input: source.tensor(source.shape(source.int(0, 2)), 'string') },
    attrs: { numBuckets: source.int(1, 9) },
  }),
  [tf.StaticRegexReplace]: (source) => ({
    inputs: { x: source.tensor(source.shape(source.int(0, 2)), 'string') },
    attrs: { pattern: 'o|a', rewrite: 'e', replaceGlobal: source.chance(0.5) },
  }),
  [tf.StringNGrams](source) {
    const count = source.int(1, 5);
    return {
      inputs: {
        data: source.tensor([count], 'string'),
        dataSplits: tf.tensor1d([0, source.int(0, count), count], 'int32'),
      },
      attrs: {
        ...{ separator: '|', nGramWidths: [source.int(1, 3)], leftPad: 'l', rightPad: 'r' },
        ...{ padWidth: source.int(0, 2), preserveShortSequences: source.chance(0.5) },
      },
    };
  },
};

const ragged: Record<string, Caller> = {
  [tf.RaggedRange](source) {
    const type = source.pick<Type>('float32', 'int32');
    const count = source.int(1, 4);
    const numbers = (from: number, to: number) => source.tensor([count], type, { from, to });
    return { inputs: { starts: numbers(0, 3), limits: numbers(2, 8), deltas: numbers(1, 2) } };
  },
  [tf.RaggedGather](source) {
    const values = source.any({ ranks: [1, 2] });
    const [length] = values.shape;
    const splits = tf.tensor1d([0, source.int(0, length), length], 'int32');
    return {
      inputs: {
        paramsNestedSplits: [splits],
        paramsDenseValues: values,
        indices: indices(source, source.shape(source.int(0, 2)), 2),
      },
      attrs: { outputRaggedRank: 1 },
    };
  },
  [tf.RaggedTensorToTensor](source) {
    const values = source.any({ ranks: [1, 2] });
    const [length] = values.shape;
    const splits = tf.tensor1d([0, source.int(0, length), length], 'int32');
    return {
      inputs: {
        shape: tf.tensor1d([source.pick(-1, 2, 3), source.pick(-1, 2, 5)], 'int32'),
        values,
        defaultValue: source.tensor([], values.dtype),
        rowPartitionTensors: [splits],
      },
      attrs: { rowPartitionTypes: ['ROW_SPLITS'] },
    };
  },
};

/** The kernels and how they are called. */
export const kernelCalls: Record<string, Caller> = {
  ...unary,
  ...binary,
  ...reductions,
  [tf.Max](source) {
    const x = source.any({ ranks: [1, 2, 3, 4, 5] });
    return {
      inputs: { x },
      attrs: { reductionIndices: source.axes(x), keepDims: source.chance(0.5) },
    };
  },
  ...extremes,
  ...cumulative,
  ...windows,
  ...linear,
  ...movement,
  ...lookups,
  ...images,
  ...complexNumbers,
  ...strings,
  ...ragged,
};

/** Kernels whose results are exact where their operands have few bits. */
export const exact: ReadonlySet<string> = new Set<string>([
  ...[tf.Add, tf.AddN, tf.Sub, tf.Multiply, tf.Square, tf.SquaredDifference, tf.Maximum],
  ...[tf.Minimum, tf.Max, tf.Min, tf.Sum, tf.Prod, tf.Cumsum, tf.Cumprod, tf.MaxPool],
  ...[tf.Abs, tf.Neg, tf.Relu, tf.Relu6, tf.Floor, tf.Ceil, tf.Round, tf.Sign, tf.Step],
  ...[tf.ClipByValue, tf.LeakyRelu, tf.Prelu, tf.Conv2D, tf.Conv2DBackpropInput, tf.Conv3D],
  ...[tf.DepthwiseConv2dNative, tf.BatchMatMul, tf.Einsum, tf.TopK, ...Object.keys(movement)],
]);

const COPYING = [
  ...[tf.Identity, tf.Reshape, tf.ExpandDims, tf.Concat, tf.Pack, tf.Unpack, tf.SplitV, tf.Slice],
  ...[tf.StridedSlice, tf.ZerosLike, tf.OnesLike],
];
const TAKES_COMPLEX = new Set<string>([...COPYING, tf.Add, tf.Sub, tf.Multiply]);
const TAKES_STRINGS = new Set<string>([
  ...[...COPYING, tf.Tile, tf.GatherV2, tf.Reverse, tf.Unique, tf.Equal, tf.NotEqual],
]);

/** The types that a kernel takes beside numbers. */
export function otherTypes(kernel: string): AnyType[] {
  const types: AnyType[] = TAKES_COMPLEX.has(kernel) ? ['complex64'] : [];
  return TAKES_STRINGS.has(kernel) ? [...types, 'string'] : types;
}

/** Registered kernels that are not called so, each with its reason. */
export const uncalled: Record<string, string> = {
  [tf.Draw]: 'it writes to a canvas',
  [tf.Multinomial]: 'its results are random',
};
