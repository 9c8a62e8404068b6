import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import { each } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';
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

export const concat: Operation = {
  name: tf.Concat,
  defer({ inputs, attrs, backend }: Call) {
    const parts = present(...Object.values(inputs)).filter(
      ({ shape }) => tf.util.sizeFromShape(shape) > 0,
    );
    const [first] = parts;
    if (!first || parts.length < 2 || !anyDeferred(...parts)) return null;
    if (parts.some(({ dtype }) => dtype !== 'float32')) return null;
    const rank = first.shape.length;
    const { axis } = attrs as { axis: number };
    if (rank < 2 || tf.util.parseAxisParam(axis, first.shape)[0] !== rank - 1) return null;
    return concatChannels(backend, parts);
  },
};
