import * as tf from '@tensorflow/tfjs-core';
import type { DataType, KernelConfig, NamedAttrMap } from '@tensorflow/tfjs-core';
import { kernelConfigs } from '@tensorflow/tfjs-backend-wasm/dist/kernel_configs';

/*
 * tfjs-backend-wasm's kernels, and what they are trusted with.
 *
 * Those kernels look at types and sizes far less than the cpu backend's: most of them take the bytes
 * of whatever type for float32, and some write beyond an empty output. So a kernel runs only on what is
 * listed here; test/backend/kernels.test.ts holds each of them against the cpu backend, which
 * runs everything else.
 */

type Types = readonly DataType[];

const NONE: Types = [];
const FLOAT: Types = ['float32'];
const INTEGER: Types = ['int32'];
const BOOL: Types = ['bool'];
const NUMBER: Types = ['float32', 'int32'];
const ANY: Types = ['float32', 'int32', 'bool'];

/** The types of all inputs, which are of one type; or those of each input by its name. */
type Signature = Types | Record<string, Types>;

/** The types that a kernel is trusted with, where it is anything but float32. */
const SIGNATURES: Record<string, Signature> = {
  ...signatures(ANY, [tf.Concat, tf.Pack, tf.Unpack, tf.Slice, tf.SplitV, tf.Transpose, tf.Tile]),
  ...signatures(ANY, [tf.ExpandDims, tf.Identity, tf.Reshape, tf.PadV2, tf.MirrorPad, tf.Diag]),
  ...signatures(ANY, [tf.BatchToSpaceND, tf.SpaceToBatchND, tf.Unique, tf.OnesLike, tf.ZerosLike]),
  ...signatures(ANY, [tf.Equal, tf.NotEqual, tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual]),
  ...signatures(ANY, [tf.StridedSlice]),
  ...signatures(ANY, [tf.ArgMax, tf.ArgMin, tf.Mean]),
  ...signatures(NUMBER, [tf.Add, tf.AddN, tf.Sub, tf.Multiply, tf.SquaredDifference]),
  ...signatures(NUMBER, [tf.Abs, tf.Neg, tf.Square, tf.Reverse]),
  ...signatures(NUMBER, [tf.Sum, tf.Prod, tf.Max, tf.Min, tf.Cumsum, tf.Cumprod]),
  ...signatures(NUMBER, [tf.TopK, tf.SearchSorted]),
  ...signatures(BOOL, [tf.All, tf.Any, tf.LogicalAnd, tf.LogicalOr, tf.LogicalXor, tf.LogicalNot]),
  ...signatures(INTEGER, [tf.BitwiseAnd, tf.BroadcastArgs, tf.OneHot]),
  // They lose NaN.
  ...signatures(INTEGER, [tf.Maximum, tf.Minimum]),
  ...signatures(NONE, [tf.Relu, tf.Relu6, tf.ClipByValue]),
  [tf.Select]: { condition: BOOL, t: NUMBER, e: NUMBER },
  [tf.GatherV2]: { x: ANY, indices: INTEGER },
  // Wrong for some float32 inputs, or of another type than the cpu backend's.
  ...signatures(NONE, [tf.FloorDiv, tf.Cast, tf.Sign, tf.Transform, tf.MaxPoolWithArgmax]),
  // Some boxes read other pixels than theirs, or leave their output unwritten.
  ...signatures(NONE, [tf.CropAndResize]),
  ...signatures(NONE, [tf.ResizeNearestNeighborGrad, tf._FusedMatMul]),
  ...signatures(NONE, [tf.MaxPoolGrad, tf.MaxPool3D, tf.MaxPool3DGrad]),
  ...signatures(NONE, [tf.Conv3DBackpropInputV2, tf.Conv3DBackpropFilterV2]),
  ...signatures(NONE, [tf.Dilation2D, tf.Dilation2DBackpropFilter, tf.Dilation2DBackpropInput]),
};

function signatures(signature: Signature, names: readonly string[]): Record<string, Signature> {
  return Object.fromEntries(names.map((name) => [name, signature]));
}

type Inputs = Record<string, { dtype: DataType; shape: number[] } | null | undefined>;

const rankOf = (input: Inputs[string]): number => input?.shape.length ?? 0;

type Shape4D = [number, number, number, number];

interface TransposeAttributes {
  inputShape: Shape4D;
  strides: [number, number] | number;
  pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  dimRoundingMode?: 'floor' | 'round' | 'ceil' | null;
}

type Condition = (inputs: Inputs, attrs: NamedAttrMap) => boolean;

/** The most dimensions of XNNPACK's operators: beyond, they print a number and leave their output unwritten. */
const XNNPACK_RANK = 6;

/** What else must hold of a call; by default nothing. */
const CONDITIONS: Record<string, Condition> = {
  ...conditions(
    [tf.Add, tf.Sub, tf.Multiply, tf.RealDiv, tf.SquaredDifference, tf.PadV2, tf.SpaceToBatchND],
    (inputs) => Object.values(inputs).every((input) => rankOf(input) <= XNNPACK_RANK),
  ),
  // A gradient of another size is read beyond its end.
  [tf.Conv2DBackpropInput]: ({ dy, filter }, attrs) => {
    const { inputShape, strides, pad, dimRoundingMode } = attrs as unknown as TransposeAttributes;
    const filterShape = filter?.shape as Shape4D;
    const rounding = dimRoundingMode ?? undefined;
    const info = tf.backend_util.computeConv2DInfo(
      ...([inputShape, filterShape, strides, 1, pad, rounding] as const),
    );
    return tf.util.arraysEqual(info.outShape, dy?.shape ?? []);
  },
  // Groups of channels are read beyond the end of the filter.
  ...conditions([tf.Conv2D, tf.FusedConv2D], ({ x, filter }) => x?.shape[3] === filter?.shape[2]),
  // Padding in numbers is taken for none, and an output of another size written; where a stride is
  // longer than the filter, nothing is.
  ...conditions(
    [tf.DepthwiseConv2dNative, tf.FusedDepthwiseConv2D],
    ({ filter }, { pad, strides }) =>
      (pad === 'same' || pad === 'valid') &&
      [strides, strides]
        .flat()
        .slice(0, 2)
        .every((stride, axis) => Number(stride) <= (filter?.shape[axis] ?? 0)),
  ),
  // Axes from the end are taken as they are.
  ...conditions(
    [tf.Cumsum, tf.Cumprod],
    ({ x }, { axis }) => rankOf(x) > 0 && (axis as number) >= 0,
  ),
  // What lies beyond the end is read; the cpu backend refuses.
  [tf.Slice]: ({ x }, { begin, size }) =>
    [begin, size].every(Array.isArray) &&
    (begin as number[]).every(
      (at, axis) => at >= 0 && at + Math.max((size as number[])[axis], 0) <= (x?.shape[axis] ?? 0),
    ),
  // With steps, values of any type are taken for float32.
  [tf.StridedSlice]: ({ x }, { strides }) =>
    x?.dtype === 'float32' || (strides as number[]).every((step) => step === 1),
  // The numbers 1 and 0 are written as int32, whatever the type.
  [tf.OneHot]: (_, { dtype }) => dtype === 'int32',
  [tf.GatherV2]: (_, { batchDims }) => !batchDims,
  // Slopes are read in the order of the values, over and over.
  [tf.Prelu]: ({ x, alpha }) => {
    const slopes = alpha?.shape ?? [];
    const first = slopes.findIndex((size) => size !== 1);
    const repeated = first < 0 ? [] : slopes.slice(first);
    const shape = x?.shape ?? [];
    return tf.util.arraysEqual(repeated, shape.slice(shape.length - repeated.length));
  },
  // It has four numbers to fill the channels with, of which the last is 255.
  [tf.RotateWithOffset]: ({ image }, { fillValue }) =>
    (image?.shape[3] ?? 0) <= (typeof fillValue === 'number' ? 3 : 4),
};

function conditions(names: readonly string[], condition: Condition): typeof CONDITIONS {
  return Object.fromEntries(names.map((name) => [name, condition]));
}

/** Whether tfjs-backend-wasm's kernel `name` is known to do with a call what the cpu backend does. */
export function isTrusted(name: string, inputs: Inputs, attrs: NamedAttrMap = {}): boolean {
  const signature = SIGNATURES[name] ?? FLOAT;
  const areTrusted = isList(signature)
    ? areOfOne(signature, Object.values(inputs))
    : Object.entries(inputs).every(
        ([key, input]) => !input || areOfOne(signature[key] ?? NONE, [input]),
      );
  if (!areTrusted) return false;
  return CONDITIONS[name]?.(inputs, attrs) ?? true;
}

/** None is empty, and all that are given are of the same one of these types. */
function areOfOne(types: Types, inputs: readonly Inputs[string][]): boolean {
  let common: DataType | null = null;
  for (const input of inputs) {
    if (!input) continue;
    common ??= input.dtype;
    if (input.dtype !== common || !types.includes(common) || isEmpty(input.shape)) return false;
  }
  return true;
}

function isList(signature: Signature): signature is Types {
  return Array.isArray(signature);
}

/**
 * Whether a tensor of that shape has no elements, or a kernel's output could have none: where a window is
 * larger than what it slides over, a dimension comes out as 0 or below.
 */
export function isEmpty(shape: readonly number[]): boolean {
  for (const size of shape) if (size <= 0) return true;
  return false;
}

const byName = new Map(kernelConfigs.map((config) => [config.kernelName, config]));

/** All kernels of tfjs-backend-wasm. */
export const wasmKernels: readonly KernelConfig[] = kernelConfigs;

/** tfjs-backend-wasm's kernel of that name. */
export function wasmKernel(name: string): KernelConfig {
  const config = byName.get(name);
  if (!config) throw new Error(`tfjs-backend-wasm has no kernel ${name}`);
  return config;
}
