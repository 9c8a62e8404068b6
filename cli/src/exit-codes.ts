/** What the command ends with; 0 where all is well. */
export const EXIT = {
  /** The backends disagree. */
  disagree: 1,
  /** What was printed could not be written, and not for want of a reader. */
  unwritten: 1,
  /** The caller did something wrong: an option, a model, a file. */
  usage: 2,
} as const;

/** Longer messages are cut: files may hold names of any length. */
const LONGEST_MESSAGE = 600;

/** Reports what the caller did wrong, in a line that nothing in it can break or colour. */
export function complain(message: string): void {
  const line = message.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const cut = line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}...` : line;
  process.stderr.write(`dynconv: ${cut}\n`);
}
