import { Word } from '../../kernels/command.js';

/** A value of any field of a command, by its name in kernels/command.ts. */
export type Fields = Partial<Record<keyof typeof Word, number>>;

const FLOATS: ReadonlySet<string> = new Set(['Min', 'Max']);

const DEFAULTS: Fields = {
  StrideH: 1,
  StrideW: 1,
  DilationH: 1,
  DilationW: 1,
  InMask: -1,
  In2Mask: -1,
  OutMask: -1,
  Min: -Infinity,
  Max: Infinity,
  RowBlock: 64,
};

/** The words of a command with stride, dilation and clamp set to none unless given. */
export function commandWords(fields: Fields): Int32Array {
  const words = new Int32Array(Word.Count);
  const floats = new Float32Array(words.buffer);
  for (const [name, value] of Object.entries({ ...DEFAULTS, ...fields })) {
    (FLOATS.has(name) ? floats : words)[Word[name as keyof typeof Word]] = value;
  }
  return words;
}
