import type { Operation, ShapeRule } from './operation.js';
import {
  axisOf,
  broadcast,
  concatenate,
  product,
  reduce,
  reshape,
  UNKNOWN,
  type Shape,
} from './shapes.js';
import { stridedSliceShape, type StridedSlice } from './strided-slice.js';

/** Operations that make each element of the same element of their operands. */
export const ELEMENTWISE: ReadonlySet<string> = new Set(
  `Abs Add AddN AddV2 Atan2 BiasAdd Cast Ceil ClipByValue Cos Cosh Div DivNoNan Elu Equal Erf Exp Expm1
  FakeQuantWithMinMaxVars Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3
  Greater GreaterEqual Identity IsFinite IsNan LRN LeakyRelu Less LessEqual Log Log1p LogSoftmax
  LogicalAnd LogicalNot LogicalOr Maximum Minimum Mod Mul Neg NotEqual OnesLike Pow Prelu RealDiv
  Reciprocal Relu Relu6 Round Rsqrt Select SelectV2 Selu Sigmoid Sign Sin Sinh Snapshot Softmax Softplus
  Sqrt Square SquaredDifference StopGradient Sub Tan Tanh ZerosLike`.split(/\s+/),
);

const first: ShapeRule = ({ operands }) => [operands[0]?.shape];

const reduction: ShapeRule = ({ operands: [input, axes], attributes }) => [
  reduce(input?.shape, axes?.data, attributes.bool('keep_dims')),
];

const resize: ShapeRule = ({ operands: [input, size] }) => {
  const { shape } = input;
  const [height = UNKNOWN, width = UNKNOWN] = (size.data ?? []).map(known);
  return [shape && [shape[0], height, width, shape[3]]];
};

const padding: ShapeRule = ({ operands: [input, pads] }) => [
  input.shape?.map((size, i) => {
    const around = known((pads.data?.[2 * i] ?? NaN) + (pads.data?.[2 * i + 1] ?? NaN));
    return size === UNKNOWN || around === UNKNOWN ? UNKNOWN : size + around;
  }),
];

/** Blocks of pixels become channels, or the other way round. */
const depthBlocks =
  (grow: (size: number, block: number) => number, back: typeof grow): ShapeRule =>
  ({ operands: [{ shape }], attributes }) => {
    const block = attributes.int('block_size') ?? 1;
    if (shape?.length !== 4 || shape.includes(UNKNOWN)) return [undefined];
    const [batch, height, width, channels] = shape;
    return [[batch, grow(height, block), grow(width, block), back(channels, block * block)]];
  };

const times = (size: number, block: number): number => size * block;
const over = (size: number, block: number): number => Math.floor(size / block);

const split = ({ operands, attributes }: Operation): Shape[] => {
  const [axis, { shape }] = operands;
  const count = Math.min(attributes.int('num_split') ?? 1, 1024);
  const along = axisOf(axis.data?.[0], shape?.length ?? 0);
  const part = shape?.map((size, i) => (i === along && size !== UNKNOWN ? size / count : size));
  return Array<Shape>(count).fill(along === undefined ? undefined : part);
};

const splitV = ({ operands: [{ shape }, sizes, axis] }: Operation): Shape[] => {
  const along = axisOf(axis?.data?.[0], shape?.length ?? 0);
  return (sizes?.data ?? []).map((part) =>
    along === undefined ? undefined : shape?.map((size, i) => (i === along ? known(part) : size)),
  );
};

const unpack = ({ operands: [{ shape }], attributes }: Operation): Shape[] => {
  const along = axisOf(attributes.int('axis') ?? 0, shape?.length ?? 0);
  const count = Math.min(attributes.int('num') ?? 1, 1024);
  const rest = along === undefined ? undefined : shape?.filter((_, i) => i !== along);
  return Array<Shape>(count).fill(rest);
};

const gather: ShapeRule = ({ operands: [input, indices, axis] }) => {
  const along = axisOf(axis?.data?.[0] ?? 0, input.shape?.length ?? 0);
  if (!input.shape || !indices.shape || along === undefined) return [undefined];
  return [[...input.shape.slice(0, along), ...indices.shape, ...input.shape.slice(along + 1)]];
};

const gatherNd: ShapeRule = ({ operands: [{ shape }, { shape: indices }] }) => {
  const depth = indices?.[indices.length - 1] ?? UNKNOWN;
  if (!shape || !indices || depth === UNKNOWN) return [undefined];
  return [[...indices.slice(0, -1), ...shape.slice(depth)]];
};

/** The arguments of a strided slice, where they are known. */
export function stridedSliceOf({ operands, attributes }: Operation): StridedSlice | undefined {
  const [, begin, end, strides] = operands.map(({ data }) => data);
  if (!begin || !end || !strides) return undefined;
  return {
    begin,
    end,
    strides,
    beginMask: attributes.int('begin_mask') ?? 0,
    endMask: attributes.int('end_mask') ?? 0,
    ellipsisMask: attributes.int('ellipsis_mask') ?? 0,
    newAxisMask: attributes.int('new_axis_mask') ?? 0,
    shrinkAxisMask: attributes.int('shrink_axis_mask') ?? 0,
  };
}

function known(size: number): number {
  return Number.isNaN(size) ? UNKNOWN : size;
}

/** The shapes of operations that are neither elementwise nor layers, by name. */
export const SHAPE_RULES: ReadonlyMap<string, ShapeRule> = new Map<string, ShapeRule>([
  ...['Mean', 'Sum', 'Max', 'Min', 'Prod', 'All', 'Any'].map((op) => [op, reduction] as const),
  ...['ResizeBilinear', 'ResizeNearestNeighbor'].map((op) => [op, resize] as const),
  ...['Pad', 'PadV2', 'MirrorPad'].map((op) => [op, padding] as const),
  ...['Enter', 'Exit', 'NextIteration', 'LoopCond', 'Cumsum'].map((op) => [op, first] as const),
  ['Switch', ({ operands: [{ shape }] }) => [shape, shape]],
  ['Merge', ({ operands }) => [operands.find(({ shape }) => shape)?.shape]],
  ['DepthToSpace', depthBlocks(times, over)],
  ['SpaceToDepth', depthBlocks(over, times)],
  ['Split', split],
  ['SplitV', splitV],
  ['Unpack', unpack],
  ['GatherV2', gather],
  ['GatherNd', gatherNd],
  ['Reshape', ({ operands: [input, shape] }) => [reshape(input.shape, shape.data)]],
  ['Shape', ({ operands: [{ shape }] }) => [shape && [shape.length]]],
  ['Size', () => [[]]],
  ['Rank', () => [[]]],
  ['Fill', ({ operands: [size] }) => [size.data?.map(known)]],
  ['BroadcastTo', ({ operands: [, size] }) => [size.data?.map(known)]],
  ['Transpose', ({ operands: [{ shape }, axes] }) => [shape && axes.data?.map((i) => shape[i])]],
  [
    'Squeeze',
    ({ operands: [{ shape }], attributes }) => {
      const axes = attributes.ints('squeeze_dims') ?? attributes.ints('axis') ?? [];
      if (axes.length > 0) return [reduce(shape, axes, false)];
      return [shape?.filter((size) => size !== 1)];
    },
  ],
  [
    'ExpandDims',
    ({ operands: [{ shape }, axis] }) => {
      const along = axisOf(axis.data?.[0], (shape?.length ?? 0) + 1);
      return [along === undefined ? undefined : shape?.toSpliced(along, 0, 1)];
    },
  ],
  [
    'ConcatV2',
    ({ operands }) => [
      concatenate(
        operands.slice(0, -1).map(({ shape }) => shape),
        operands[operands.length - 1].data?.[0],
      ),
    ],
  ],
  [
    'Pack',
    ({ operands, attributes }) => {
      const shape = broadcast(operands.map((operand) => operand.shape));
      const along = axisOf(attributes.int('axis') ?? 0, (shape?.length ?? 0) + 1);
      return [along === undefined ? undefined : shape?.toSpliced(along, 0, operands.length)];
    },
  ],
  [
    'Tile',
    ({ operands: [{ shape }, repeats] }) => [
      shape?.map((size, i) => product([size, known(repeats.data?.[i] ?? NaN)])),
    ],
  ],
  [
    'Slice',
    ({ operands: [{ shape }, begin, size] }) => [
      shape?.map((whole, i) => {
        const part = size.data?.[i] ?? NaN;
        return part === -1 ? whole - (begin.data?.[i] ?? NaN) || UNKNOWN : known(part);
      }),
    ],
  ],
  [
    'StridedSlice',
    (operation) => {
      const slice = stridedSliceOf(operation);
      return [slice && stridedSliceShape(operation.operands[0].shape, slice)];
    },
  ],
  ['ArgMax', ({ operands: [{ shape }, axis] }) => [reduce(shape, axis.data, false)]],
  [
    'TopKV2',
    ({ operands: [{ shape }, k] }) => {
      const best = shape && [...shape.slice(0, -1), known(k.data?.[0] ?? NaN)];
      return [best, best];
    },
  ],
]);
