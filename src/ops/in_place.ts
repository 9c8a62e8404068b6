import { Command } from '../arrays/command.js';
import type { RowKernelName } from '../arrays/kernels.js';
import type { Rows } from '../graph/rows.js';
import type { Bounds } from './activation.js';

/** Runs a kernel that changes the rows of `dense` at the pixels of `sparse`; both are computed. */
export function runInPlace(
  kernel: RowKernelName,
  dense: Rows,
  sparse: Rows,
  bounds: Bounds = { Min: -Infinity, Max: Infinity },
): void {
  const { runtime, channels, stride } = dense;
  const command = runtime.arena.allocate(Command.bytes);
  new Command({
    ...bounds,
    InBase: sparse.pointer,
    InStride: stride,
    InChannels: channels,
    OutBase: dense.pointer,
    OutStride: stride,
    OutChannels: channels,
    OutPixels: sparse.set.pixels,
  }).place(runtime, command);
  runtime.kernels[kernel](command, 0, sparse.set.count, runtime.scratch);
  runtime.arena.free(command);
}
