import { Command } from '../arrays/command.js';
import type { Bounds } from '../arrays/command.js';
import type { RowKernelName } from '../memory/kernels.js';
import type { Evaluation } from '../graph/evaluation.js';
import type { Rows } from '../graph/rows.js';

/** Runs a kernel that changes the rows of `dense` at the pixels of `sparse`; both have addresses. */
export function runInPlace(
  kernel: RowKernelName,
  dense: Rows,
  sparse: Rows,
  evaluation: Evaluation,
  bounds: Bounds = { min: -Infinity, max: Infinity },
): void {
  const { runtime, channels } = dense;
  const command = runtime.arena.allocate(Command.bytes);
  new Command()
    .input(sparse)
    .output(dense, sparse.set.pixels)
    .channels(channels)
    .bounds(bounds)
    .place(runtime.heap, command);
  const after = [dense.token, sparse.token, ...dense.readers];
  dense.token = evaluation.run(kernel, [command], sparse.set.count, after);
  runtime.arena.free(command);
}
