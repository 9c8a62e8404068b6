import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { skips } from '../flags.js';
import type { Evaluation } from '../graph/evaluation.js';
import { settled, whole } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { channelsOf } from '../graph/view.js';
import type { View } from '../graph/view.js';
import type { Heap } from '../memory/heap.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { valuesOf } from '../lowering/values.js';
import { isTrusted } from '../wasm-kernels.js';

/** Maps of which more than this part is gathered are computed at once, not where they are read. */
const LARGEST_SHARE = 1 / 16;

/** Longer runs are copied here: tfjs-backend-wasm's kernel goes value by value. */
const SHORTEST_RUN = 8;

/** What is gathered: runs of values of the input, one after the other. */
interface Runs {
  /** Values of one run: within one pixel, or all those of several. */
  readonly length: number;
  readonly count: number;
  /**
   * The first value of each run.
   * @throws Error for an index that is out of range
   */
  starts(indices: ArrayLike<number>): number[];
}

/** Values of a map at positions that an input tells, as a model looks up the offset at a peak. */
class Gather implements Primitive {
  readonly zeros = 'kept';

  constructor(
    readonly name: string,
    private readonly runs: Runs,
  ) {}

  /** Region rule: the indices are read first, and the map is asked for at their pixels alone. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [mapView, indicesView] = node.inputs as [View, View];
    const { runtime } = evaluation;
    const { channels } = mapView;
    const indices = yield* whole(indicesView);
    const starts = this.runs.starts(valuesOf(indices));
    indices.release();
    const set = this.pixelsOf(starts, mapView, evaluation);
    const map = evaluation.align(yield { view: mapView, want: set }, set);
    const rows = yield* settled(evaluation.compute(map));
    const { length } = this.runs;
    const pointer = runtime.arena.allocate(Math.max(starts.length * length * 4, 4));
    // The pixels of a run lie side by side in the set, too.
    const places = starts.map(
      (start) => set.rank(Math.floor(start / channels)) * channels + (start % channels),
    );
    copyEach(runtime.heap, rows.pointer, places, length * 4, pointer, 4);
    rows.release();
    set.release();
    const all = PixelSet.all(runtime, want.total);
    const gathered = Rows.computed(runtime, all, channelsOf(node), 'float32', pointer);
    all.release();
    return gathered;
  }

  private pixelsOf(starts: readonly number[], map: View, { runtime }: Evaluation): PixelSet {
    const bitmap = runtime.arena.allocate(map.pixels);
    const bytes = runtime.heap.u8;
    runtime.heap.fill(bitmap, 0, map.pixels);
    for (const start of starts) {
      const first = bitmap + Math.floor(start / map.channels);
      const last = bitmap + Math.floor((start + this.runs.length - 1) / map.channels);
      bytes.fill(1, first, last + 1);
    }
    return PixelSet.fromBitmap(runtime, map.pixels, bitmap);
  }
}

/** Copies runs of `bytes` bytes, which begin at the values `starts`, to `to`, one after the other. */
function copyEach(
  { u8 }: Heap,
  from: number,
  starts: ArrayLike<number>,
  bytes: number,
  to: number,
  width: number,
): void {
  for (let run = 0; run < starts.length; run++) {
    const start = from + starts[run] * width;
    u8.copyWithin(to + run * bytes, start, start + bytes);
  }
}

/** Gathers values that are in memory, or are now brought there, at once. */
function gatherNow(
  { backend, tensors }: Call,
  [map, indices]: [string, string],
  shape: number[],
  runs: Runs,
): TensorInfo {
  const { dtype, dataId } = tensors[map]!;
  const values = backend.slot(dataId).ready;
  const positions = backend.slot(tensors[indices]!.dataId).ready;
  const { heap } = backend.runtime;
  const at = positions.pointer >>> 2;
  const starts = runs.starts(heap.i32.subarray(at, at + positions.size));
  const width = tf.util.bytesPerElement(dtype);
  return backend.output(shape, dtype, (pointer) => {
    copyEach(heap, values.pointer, starts, runs.length * width, pointer, width);
  });
}

/** Defers a gathering of few pixels of a map that is not computed yet. */
function gather(
  { backend }: Call,
  name: string,
  inputs: [View, View],
  shape: number[],
  runs: Runs,
) {
  const [map, indices] = inputs;
  if (!skips()) return null;
  if (!map.isDeferred || map.dtype !== 'float32' || indices.dtype !== 'int32') return null;
  const pixels = runs.count * Math.ceil(runs.length / map.channels);
  if (pixels === 0 || pixels > LARGEST_SHARE * map.pixels) return null;
  return backend.defer(new Gather(name, runs), inputs, shape, 'float32', map.nonNegative);
}

const gatherNd: Operation = {
  name: tf.GatherNd,
  defer(call: Call) {
    const map = required(call, 'params');
    const indices = required(call, 'indices');
    const axes = indices.channels;
    if (indices.dtype !== 'int32' || indices.shape.length === 0) return null;
    if (axes > map.shape.length) return null;
    const { shape } = map;
    const length = tf.util.sizeFromShape(shape.slice(axes));
    const steps = tf.util.computeStrides(shape);
    steps.push(1);
    const last = tf.util.sizeFromShape(shape) - length;
    const runs: Runs = {
      length,
      count: indices.pixels,
      starts(values) {
        const starts = new Array<number>(indices.pixels);
        for (let run = 0; run < starts.length; run++) {
          let start = 0;
          for (let axis = 0; axis < axes; axis++) start += values[run * axes + axis] * steps[axis];
          if (start < 0 || start > last) {
            const index = Array.from({ length: axes }, (_, axis) => values[run * axes + axis]);
            throw new Error(
              `GatherNd: the index [${index.join()}] is not within [${shape.join()}]`,
            );
          }
          starts[run] = start;
        }
        return starts;
      },
    };
    const outShape = [...indices.shape.slice(0, -1), ...shape.slice(axes)];
    const gathered = gather(call, tf.GatherNd, [map, indices], outShape, runs);
    // tfjs-backend-wasm's kernel reads whatever lies at an index that is out of range.
    return gathered ?? gatherNow(call, ['params', 'indices'], outShape, runs);
  },
};

function requireWithin(index: number, size: number): void {
  if (index >= 0 && index < size) return;
  throw new Error(`GatherV2: the index value ${index} is not in [0, ${size - 1}]`);
}

const gatherV2: Operation = {
  name: tf.GatherV2,
  defer(call: Call) {
    const map = required(call, 'x');
    const indices = required(call, 'indices');
    const { axis, batchDims } = call.attrs as { axis: number; batchDims: number };
    const [dimension] = tf.util.parseAxisParam(axis, map.shape);
    if (batchDims !== 0 || tf.util.sizeFromShape(map.shape) === 0) return null;
    const size = map.shape[dimension];
    const outer = tf.util.sizeFromShape(map.shape.slice(0, dimension));
    const length = tf.util.sizeFromShape(map.shape.slice(dimension + 1));
    const each = tf.util.sizeFromShape(indices.shape);
    const runs: Runs = {
      length,
      count: outer * each,
      starts(values) {
        return Array.from({ length: outer * each }, (_, run) => {
          const index = values[run % each];
          requireWithin(index, size);
          return (Math.floor(run / each) * size + index) * length;
        });
      },
    };
    const shape = [
      ...map.shape.slice(0, dimension),
      ...indices.shape,
      ...map.shape.slice(dimension + 1),
    ];
    const gathered = gather(call, tf.GatherV2, [map, indices], shape, runs);
    if (gathered || !isTrusted(tf.GatherV2, { x: map, indices }, call.attrs)) return gathered;
    if (length < SHORTEST_RUN) {
      // tfjs-backend-wasm's kernel reads whatever lies at an index that is out of range.
      const { pointer } = call.backend.slot(call.tensors.indices!.dataId).ready;
      const at = pointer >>> 2;
      const values = call.backend.runtime.heap.i32.subarray(at, at + each);
      for (const index of values) requireWithin(index, size);
      return null;
    }
    return gatherNow(call, ['x', 'indices'], shape, runs);
  },
};

export const gathers: Operation[] = [gatherNd, gatherV2];
