import type { Tensor } from '../network.js';
import type { Operation } from './operation.js';
import { stridedSliceOf } from './shape-rules.js';
import { UNKNOWN, type Shape } from './shapes.js';
import { stridedSliceData } from './strided-slice.js';

type Data = readonly number[] | undefined;

const MAX_ELEMENTS = 64;

/** Elementwise arithmetic, with one operand repeated where it is a single number. */
const arithmetic =
  (f: (a: number, b: number) => number) =>
  ({ operands: [a, b] }: Operation): Data => {
    if (!a.data || !b.data) return undefined;
    const [x, y] = [a.data, b.data];
    const length = Math.max(x.length, y.length);
    if (Math.min(x.length, y.length) !== 1 && x.length !== y.length) return undefined;
    return Array.from({ length }, (_, i) => f(x[i % x.length], y[i % y.length]));
  };

const same = ({ operands: [input] }: Operation): Data => input.data;

/** Operations by which models compute shapes, on values that are known. */
const DATA_RULES: ReadonlyMap<string, (operation: Operation) => Data> = new Map([
  ['Shape', ({ operands: [{ shape }] }: Operation) => shape?.map(sizeOrNaN)],
  ['Size', ({ operands: [{ shape }] }: Operation) => shape && [shape.reduce(times, 1)]],
  ['Rank', ({ operands: [{ shape }] }: Operation) => shape && [shape.length]],
  ['Pack', ({ operands }: Operation) => joined(operands)],
  ['ConcatV2', ({ operands }: Operation) => joined(operands.slice(0, -1))],
  [
    'GatherV2',
    ({ operands: [input, indices] }: Operation) => indices.data?.map((i) => at(input, i)),
  ],
  ['StridedSlice', sliced],
  ['Add', arithmetic((a, b) => a + b)],
  ['AddV2', arithmetic((a, b) => a + b)],
  ['Sub', arithmetic((a, b) => a - b)],
  ['Mul', arithmetic(times)],
  ['FloorDiv', arithmetic((a, b) => Math.floor(a / b))],
  ['RealDiv', arithmetic((a, b) => a / b)],
  ['Maximum', arithmetic(Math.max)],
  ['Minimum', arithmetic(Math.min)],
  ['Prod', ({ operands: [input] }: Operation) => input.data && [input.data.reduce(times, 1)]],
  ['Floor', ({ operands: [input] }: Operation) => input.data?.map(Math.floor)],
  ['Ceil', ({ operands: [input] }: Operation) => input.data?.map(Math.ceil)],
  ...['Identity', 'Cast', 'Squeeze', 'ExpandDims', 'Reshape', 'Enter'].map(
    (op) => [op, same] as const,
  ),
]);

/** The elements of an operation's result, where they are known and few. */
export function dataOf(operation: Operation): Data {
  const data = DATA_RULES.get(operation.op)?.(operation);
  return data && data.length <= MAX_ELEMENTS ? data : undefined;
}

function joined(operands: readonly Tensor[]): Data {
  const parts = operands.map(({ data, shape }) => data ?? unknownElements(shape));
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
}

function unknownElements(shape: Shape): Data {
  const count = shape?.reduce(times, 1) ?? UNKNOWN;
  return count >= 0 && count <= MAX_ELEMENTS ? Array<number>(count).fill(NaN) : undefined;
}

function sliced(operation: Operation): Data {
  const { data } = operation.operands[0];
  const slice = stridedSliceOf(operation);
  return data && slice && stridedSliceData(data, slice);
}

function at({ data }: Tensor, index: number): number {
  return data?.[index < 0 ? index + data.length : index] ?? NaN;
}

function sizeOrNaN(size: number): number {
  return size === UNKNOWN ? NaN : size;
}

function times(a: number, b: number): number {
  return a * b;
}
