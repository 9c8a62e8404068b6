import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import { force } from '../graph/force.js';
import { each } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
import { copyRuns } from '../lowering/runs.js';
import { anyDeferred, present } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';

/** Maps put together along the channels. */
class Concat implements Primitive {
  readonly name = tf.Concat;

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const { runtime } = evaluation;
    const parts = yield* each(node.inputs, want);
    for (const rows of parts) evaluation.compute(rows);
    const channels = channelsOf(node);
    const stride = channels * 4;
    const pointer = runtime.arena.allocate(Math.max(want.count * stride, 4));
    let offset = 0;
    const commands = parts.map((rows) => {
      const command = runtime.arena.allocate(Command.bytes);
      new Command()
        .input(rows, rows.set.rowOf)
        .output({ pointer: pointer + offset, stride }, want.pixels)
        .channels(rows.channels)
        .zero(runtime.zeros(rows.stride))
        .place(runtime.heap, command);
      offset += rows.stride;
      return command;
    });
    const tokens = parts.map(({ token }) => token);
    const token = evaluation.run('rows_gather', commands, want.count, tokens);
    for (const rows of parts) rows.releaseAfter(token);
    for (const command of commands) runtime.arena.free(command);
    const rows = Rows.computed(runtime, want, channels, 'float32', pointer);
    rows.token = token;
    return rows;
  }
}

/** Defers maps of the same pixels, float32 and not empty, put together along the channels. */
export function concatChannels(backend: DynconvBackend, parts: View[]): TensorInfo {
  const shapes = parts.map(({ shape }) => shape);
  const axis = shapes[0].length - 1;
  tf.backend_util.assertParamsConsistent(shapes, axis);
  const shape = tf.backend_util.computeOutShape(shapes, axis);
  const nonNegative = parts.every((part) => part.nonNegative);
  return backend.defer(new Concat(), parts, shape, 'float32', nonNegative);
}

/**
 * Tensors of one type put together along an axis, at once: tfjs-backend-wasm's kernel makes arrays for
 * every run of values.
 */
function concatNow(backend: DynconvBackend, parts: View[], axis: number): TensorInfo {
  const shapes = parts.map(({ shape }) => shape);
  tf.backend_util.assertParamsConsistent(shapes, axis);
  const outShape = tf.backend_util.computeOutShape(shapes, axis);
  const { dtype } = parts[0];
  const width = tf.util.bytesPerElement(dtype);
  for (const { storage } of parts) force(storage);
  const count = tf.util.sizeFromShape(outShape.slice(0, axis));
  const stride = tf.util.sizeFromShape(outShape.slice(axis)) * width;
  return backend.output(outShape, dtype, (pointer) => {
    let to = pointer;
    for (const { storage, shape } of parts) {
      const bytes = tf.util.sizeFromShape(shape.slice(axis)) * width;
      copyRuns(backend.runtime.heap, count, bytes, storage.pointer, bytes, to, stride);
      to += bytes;
    }
  });
}

export const concat: Operation = {
  name: tf.Concat,
  defer({ inputs, attrs, backend }: Call) {
    const parts = present(...Object.values(inputs)).filter(
      ({ shape }) => tf.util.sizeFromShape(shape) > 0,
    );
    const [first] = parts;
    if (!first || parts.length < 2 || parts.some(({ dtype }) => dtype !== first.dtype)) return null;
    const rank = first.shape.length;
    const [axis] = tf.util.parseAxisParam((attrs as { axis: number }).axis, first.shape);
    const areMaps = first.dtype === 'float32' && rank > 1 && axis === rank - 1;
    if (areMaps && anyDeferred(...parts)) return concatChannels(backend, parts);
    return concatNow(backend, parts, axis);
  },
};
