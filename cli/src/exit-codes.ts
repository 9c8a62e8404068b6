/** What the command ends with; 0 where all is well. */
export const EXIT = {
  /** The backends disagree. */
  disagree: 1,
  /** The caller did something wrong: an option, a model, a file. */
  usage: 2,
} as const;

/** Reports what the caller did wrong. */
export function complain(message: string): void {
  process.stderr.write(`dynconv: ${message}\n`);
}
