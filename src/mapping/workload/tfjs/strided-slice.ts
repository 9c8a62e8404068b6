import { sliceLength, UNKNOWN, type Shape } from './shapes.js';

/** The arguments of TensorFlow's `StridedSlice`. */
export interface StridedSlice {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly strides: readonly number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

/** The shape of a slice; undefined where it is not known. */
export function stridedSliceShape(shape: Shape, slice: StridedSlice): Shape {
  if (!shape) return undefined;
  const { begin, end, strides, newAxisMask, shrinkAxisMask, ellipsisMask } = slice;
  const has = (mask: number, bit: number): boolean => (mask & (1 << bit)) !== 0;
  const given = begin.filter((_, i) => !has(newAxisMask, i) && !has(ellipsisMask, i)).length;
  const result: number[] = [];
  let axis = 0;
  begin.forEach((_, i) => {
    if (has(newAxisMask, i)) {
      result.push(1);
    } else if (has(ellipsisMask, i)) {
      for (let rest = shape.length - given; rest > 0; rest--) result.push(shape[axis++]);
    } else {
      const size = shape[axis++] ?? UNKNOWN;
      if (has(shrinkAxisMask, i)) return;
      const stride = strides[i];
      const from = has(slice.beginMask, i) ? (stride < 0 ? size - 1 : 0) : begin[i];
      const to = has(slice.endMask, i) ? (stride < 0 ? -1 - size : size) : end[i];
      result.push(sliceLength(size, from, to, stride));
    }
  });
  return [...result, ...shape.slice(axis)];
}

/** A slice of a vector whose elements are known. */
export function stridedSliceData(
  data: readonly number[],
  { begin, end, strides, beginMask, endMask, shrinkAxisMask }: StridedSlice,
): number[] | undefined {
  if (begin.length !== 1 || strides[0] !== 1) return undefined;
  const from = (beginMask & 1) === 1 ? 0 : begin[0];
  if ((shrinkAxisMask & 1) === 1) return data.slice(from).slice(0, 1);
  return data.slice(from, (endMask & 1) === 1 ? data.length : end[0]);
}
