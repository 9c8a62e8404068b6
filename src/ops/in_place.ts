import { Command } from '../arrays/command.js';
import type { Bounds } from '../arrays/command.js';
import type { RowKernelName } from '../arrays/kernels.js';
import type { Rows } from '../graph/rows.js';

/** Runs a kernel that changes the rows of `dense` at the pixels of `sparse`; both are computed. */
export function runInPlace(
  kernel: RowKernelName,
  dense: Rows,
  sparse: Rows,
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
  runtime.kernels[kernel](command, 0, sparse.set.count, runtime.scratch);
  runtime.arena.free(command);
}
