/** Shapes while they are worked out: -1 for a dimension that is not known, undefined for a rank. */
export type Shape = readonly number[] | undefined;

export const UNKNOWN = -1;

/** The shape of an elementwise operation, as NumPy broadcasts. */
export function broadcast(shapes: readonly Shape[]): Shape {
  let result: number[] | undefined = [];
  for (const shape of shapes) {
    if (!shape || !result) return undefined;
    const rank: number = Math.max(result.length, shape.length);
    const a = pad(result, rank);
    const b = pad(shape, rank);
    result = a.map((size, i) => joint(size, b[i]));
  }
  return result;
}

function pad(shape: readonly number[], rank: number): number[] {
  return [...Array<number>(rank - shape.length).fill(1), ...shape];
}

function joint(a: number, b: number): number {
  if (a === 1) return b;
  if (b === 1) return a;
  return a === UNKNOWN ? b : a;
}

/** The product of dimensions; -1 if one is not known. */
export function product(sizes: readonly number[]): number {
  return sizes.includes(UNKNOWN) ? UNKNOWN : sizes.reduce((a, b) => a * b, 1);
}

/** The shape that `Reshape` makes, one dimension of which may be given as -1. */
export function reshape(from: Shape, to: readonly number[] | undefined): Shape {
  if (!to) return undefined;
  const target = to.map((size) => (Number.isNaN(size) ? UNKNOWN : size));
  const open = target.filter((size) => size === UNKNOWN).length;
  const whole = from ? product(from) : UNKNOWN;
  if (open !== 1 || whole === UNKNOWN) return target;
  const rest = product(target.filter((size) => size !== UNKNOWN));
  return target.map((size) => (size === UNKNOWN && rest > 0 ? Math.floor(whole / rest) : size));
}

/** An axis that may be counted from the end; undefined if the shape has no such axis. */
export function axisOf(axis: number | undefined, rank: number): number | undefined {
  if (axis === undefined || Number.isNaN(axis)) return undefined;
  const positive = axis < 0 ? axis + rank : axis;
  return positive >= 0 && positive < rank ? positive : undefined;
}

/** The shape after a reduction; undefined if the axes are not known. */
export function reduce(shape: Shape, axes: readonly number[] | undefined, keep: boolean): Shape {
  if (!shape || !axes) return undefined;
  const gone = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return keep
    ? shape.map((size, i) => (gone.has(i) ? 1 : size))
    : shape.filter((_, i) => !gone.has(i));
}

/** The shape of several tensors behind each other along an axis. */
export function concatenate(shapes: readonly Shape[], axis: number | undefined): Shape {
  const [first] = shapes;
  const along = axisOf(axis, first?.length ?? 0);
  if (!first || along === undefined) return undefined;
  const sizes = shapes.map((shape) => shape?.[along] ?? UNKNOWN);
  const total = sizes.includes(UNKNOWN) ? UNKNOWN : sizes.reduce((a, b) => a + b, 0);
  return first.map((size, i) => (i === along ? total : size));
}

/** Sizes of a slice `begin:end:stride` of `size` elements. */
export function sliceLength(size: number, begin: number, end: number, stride: number): number {
  if (size === UNKNOWN || [begin, end, stride].some(Number.isNaN) || stride === 0) return UNKNOWN;
  const bound = (index: number): number =>
    Math.min(Math.max(index < 0 ? index + size : index, stride < 0 ? -1 : 0), size);
  return Math.max(0, Math.ceil((bound(end) - bound(begin)) / stride));
}
