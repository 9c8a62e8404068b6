import * as tf from '@tensorflow/tfjs-core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { force } from '../graph/force.js';
import { openNodeOf, settled, whole } from '../graph/node.js';
import { channelsOf } from '../graph/view.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { isTrusted } from '../wasm-kernels.js';
import { runOnRows } from '../lowering/on-rows.js';
import { operandKind } from '../lowering/operand.js';
import { anyDeferred, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { copyRuns } from '../lowering/runs.js';
import { valuesOf } from '../lowering/values.js';

/*
 * Tile is how a mask is broadcast over the channels (tf.tile, tf.broadcastTo, tf.where), and how a
 * number becomes a map of it. Both are deferred, so that whoever reads them sees what they were.
 */

/** One value a pixel, repeated for every channel. */
class TilePixels implements Primitive {
  readonly name = tf.Tile;
  readonly zeros = 'kept';

  constructor(
    private readonly backend: DynconvBackend,
    private readonly wasm: KernelConfig,
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const channels = channelsOf(node);
    const x = yield { view, want };
    const set = x.support(want).retain();
    if (set.count === 0) {
      set.release();
      x.release();
      return evaluation.none(want, { channels, dtype: node.dtype });
    }
    const rows = yield* settled(evaluation.align(evaluation.compute(x), set));
    const reps = set.total === 1 ? [channels] : [1, channels];
    const tiled = runOnRows(this.backend, this.wasm, { x: rows }, { reps }, set, channels);
    set.release();
    return tiled;
  }
}

/** One number for all pixels and channels. */
class TileNumber implements Primitive {
  readonly name = tf.Tile;
  readonly zeros = 'kept';

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const channels = channelsOf(node);
    const { runtime } = evaluation;
    const x = yield* whole(view);
    const values = valuesOf(x, 1);
    const number = values[0];
    x.release();
    if (want.count === 0 || Object.is(number, 0)) {
      return evaluation.none(want, { channels, dtype: node.dtype });
    }
    const count = want.count * channels;
    const pointer = runtime.arena.allocate(count * values.BYTES_PER_ELEMENT);
    const rows = Rows.computed(runtime, want, channels, node.dtype, pointer);
    valuesOf(rows, count).fill(number);
    return rows;
  }
}

/** What a mask looked like before it was tiled over the channels, if it was. */
export function untiled(view: View): View {
  const node = openNodeOf(view.storage);
  if (!(node?.primitive instanceof TilePixels)) return view;
  if (!tf.util.arraysEqual(node.shape, view.shape)) return view;
  return node.inputs[0];
}

/** Defers one value a pixel that is repeated for every channel; null for anything else. */
function deferPixels(
  { backend, wasm }: Call,
  x: View,
  reps: number[],
  shape: number[],
): TensorInfo | null {
  const overChannels = reps.slice(0, -1).every((rep) => rep === 1) && channelsOf(x) === 1;
  if (!overChannels || operandKind(x.shape, shape) !== 'pixel') return null;
  if (!isTrusted(tf.Tile, { x }) || (!anyDeferred(x) && x.shape.length < 3)) return null;
  return backend.defer(new TilePixels(backend, wasm), [x], shape, x.dtype);
}

/** Repeats values at once, run by run: tfjs-backend-wasm's kernel goes value by value. */
function tileNow(backend: DynconvBackend, x: View, shape: number[]): TensorInfo {
  force(x.storage);
  const { heap } = backend.runtime;
  const width = tf.util.bytesPerElement(x.dtype);
  const from = x.storage.pointer;
  const rank = shape.length;
  const bytesFrom = (sizes: number[], axis: number) =>
    tf.util.sizeFromShape(sizes.slice(axis)) * width;
  /** Fills the output's block at `to` along `axis`, and those of the axes behind it. */
  const fill = (axis: number, source: number, to: number): void => {
    const own = x.shape[axis];
    const block = bytesFrom(shape, axis + 1);
    const bytes = own * block;
    if (axis === rank - 1) copyRuns(heap, 1, bytes, source, 0, to, 0);
    else {
      const step = bytesFrom(x.shape, axis + 1);
      for (let at = 0; at < own; at++) fill(axis + 1, source + at * step, to + at * block);
    }
    copyRuns(heap, shape[axis] / own - 1, bytes, to, 0, to + bytes, bytes);
  };
  return backend.output(shape, x.dtype, (pointer) => {
    fill(0, from, pointer);
  });
}

export const tileOperation: Operation = {
  name: tf.Tile,
  defer(call: Call) {
    const { attrs, backend } = call;
    const x = required(call, 'x');
    const { reps } = attrs as unknown as { reps: number[] };
    const shape = x.shape.map((size, axis) => size * (reps[axis] ?? 1));
    if (x.dtype === 'string' || shape.length < 2 || tf.util.sizeFromShape(shape) === 0) return null;
    if (tf.util.sizeFromShape(x.shape) === 1) {
      return backend.defer(new TileNumber(), [x], shape, x.dtype);
    }
    const deferred = deferPixels(call, x, reps, shape);
    if (deferred || !isTrusted(tf.Tile, { x })) return deferred;
    return tileNow(backend, x, shape);
  },
};
