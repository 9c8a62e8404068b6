import { Word } from '../../kernels/command.js';
import type { Runtime } from '../memory/runtime.js';

export { Word };

/** A value of any field of a command, by its name. */
export type Fields = Partial<Record<keyof typeof Word, number>>;

const FLOAT_FIELDS: ReadonlySet<string> = new Set(['Min', 'Max']);

/** The parameters of a kernel call (layout: kernels/command.ts), kept here until they are placed. */
export class Command {
  private readonly words = new Int32Array(Word.Count);
  private readonly floats = new Float32Array(this.words.buffer);

  constructor(fields: Fields = {}) {
    this.set({ Min: -Infinity, Max: Infinity, InMask: -1, In2Mask: -1, OutMask: -1, RowBlock: 64 });
    this.set(fields);
  }

  set(fields: Fields): this {
    for (const name of Object.keys(fields) as (keyof typeof Word)[]) {
      const value = fields[name];
      if (value === undefined) continue;
      if (FLOAT_FIELDS.has(name)) this.floats[Word[name]] = value;
      else this.words[Word[name]] = value;
    }
    return this;
  }

  /** Writes the command to memory at `pointer`, which has room for `Command.bytes`. */
  place(runtime: Runtime, pointer: number): void {
    runtime.heap.i32.set(this.words, pointer >>> 2);
  }

  /** Room that a command takes in memory. */
  static readonly bytes = Word.Count * 4;
}
