/**
 * An error that the caller of the command can mend: a wrong flag, file or model. Its message says
 * what was wrong, where, and what to do; it is printed without a stack trace.
 */
export class UserError extends Error {
  override name = 'UserError';
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
