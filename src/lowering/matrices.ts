import { Command } from '../arrays/command.js';
import type { Evaluation } from '../graph/evaluation.js';
import type { Rows } from '../graph/rows.js';
import type { Token } from '../arrays/lanes.js';

/** Matrices of float32 that lie one after the other. */
export interface Matrices {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

/** Each of the matrices in `x`, dense rows, transposed, in a block of the arena; takes over `x`. */
export function transposeEach(
  x: Rows,
  { count, rows, columns }: Matrices,
  evaluation: Evaluation,
): { pointer: number; token: Token } {
  const { arena, heap } = evaluation.runtime;
  const stride = rows * columns * 4;
  const pointer = arena.allocate(count * stride);
  const command = arena.allocate(Command.bytes);
  new Command()
    .input({ pointer: x.pointer, stride })
    .output({ pointer, stride })
    .channels(columns)
    .parameters(rows)
    .place(heap, command);
  const token = evaluation.run('f32_transpose', [command], count, [x.token]);
  arena.free(command);
  x.releaseAfter(token);
  return { pointer, token };
}
