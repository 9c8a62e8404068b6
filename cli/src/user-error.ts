import type { z } from 'zod';

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

/** How many problems of a file are told. */
const MOST_PROBLEMS = 3;

/** What a schema complains of, in a line: each problem and where it is, but for those beyond the third. */
export function problemsOf({ issues }: z.ZodError): string {
  const told = issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path.length === 0 ? 'it' : path.join('.')}: ${message}`);
  const more = issues.length - told.length;
  return told.join('; ') + (more === 0 ? '' : `; and ${more} more`);
}
