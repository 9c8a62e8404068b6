import * as tf from '@tensorflow/tfjs-core';
import type { KernelConfig } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { nodeOf, settled, whole } from '../graph/node.js';
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
    if (want.count === 0 || number === 0) {
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
  const node = nodeOf(view.storage);
  if (!(node?.primitive instanceof TilePixels)) return view;
  if (!tf.util.arraysEqual(node.shape, view.shape)) return view;
  return node.inputs[0];
}

export const tileOperation: Operation = {
  name: tf.Tile,
  defer(call: Call) {
    const { attrs, backend, wasm } = call;
    const x = required(call, 'x');
    const { reps } = attrs as unknown as { reps: number[] };
    const shape = x.shape.map((size, axis) => size * (reps[axis] ?? 1));
    if (x.dtype === 'string' || shape.length < 2 || tf.util.sizeFromShape(shape) === 0) return null;
    if (tf.util.sizeFromShape(x.shape) === 1) {
      return backend.defer(new TileNumber(), [x], shape, x.dtype);
    }
    const overChannels = reps.slice(0, -1).every((rep) => rep === 1) && channelsOf(x) === 1;
    if (!overChannels || operandKind(x.shape, shape) !== 'pixel') return null;
    if (!isTrusted(tf.Tile, { x }) || (!anyDeferred(x) && x.shape.length < 3)) return null;
    return backend.defer(new TilePixels(backend, wasm), [x], shape, x.dtype);
  },
};
