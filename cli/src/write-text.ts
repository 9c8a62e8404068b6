import { writeFileSync } from 'node:fs';
import { messageOf, UserError } from './user-error.js';

/** Writes a file that the caller asked for. */
export function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UserError(`${path} cannot be written (${messageOf(error)}).`);
  }
}
