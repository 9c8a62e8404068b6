/** The files that a command was asked to write. */
import {
  accessSync,
  constants,
  realpathSync,
  statSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { messageOf, UserError } from './user-error.js';

/** An option that names a file to write, and the file; undefined where it was not given. */
export type Output = readonly [option: string, path: string | undefined];

/**
 * Sees before any work is done that files can be written, and that none of them takes the place of one
 * that is read, or of another.
 *
 * @param inputs paths of the files that the command reads
 * @throws UserError for the first that cannot.
 */
export function checkOutputs(outputs: readonly Output[], inputs: readonly string[]): void {
  const taken = new Map(
    inputs.map((path) => [identityOf(path), 'it is an input of this command: name another file']),
  );
  for (const [option, path] of outputs) {
    if (path === undefined) continue;
    const fault = faultOf(path) ?? taken.get(identityOf(path));
    if (fault !== undefined) {
      throw new UserError(`${path} cannot be written: ${fault} (${option}).`);
    }
    // A device, as /dev/null, takes any number of files.
    if (statOf(path)?.isFile() ?? true)
      taken.set(identityOf(path), `${option} writes it, too: name another file`);
  }
}

/** Writes a file that the caller asked for. */
export function writeOutput(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new UserError(`${path} cannot be written (${messageOf(error)}).`);
  }
}

/** Why there can be no such file; undefined if there can. */
function faultOf(path: string): string | undefined {
  const info = statOf(path);
  if (info?.isDirectory()) return 'it is a folder: name a file in it';
  if (path.endsWith('/') || path.endsWith(sep))
    return 'there is no such folder: make it, or name a file';
  if (info) return isWritable(path) ? undefined : 'it is write-protected: name another file';
  const folder = dirname(path);
  if (statOf(folder)?.isDirectory() && isWritable(folder)) return undefined;
  return `${folder} is no folder to write to: make it, or name another`;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The same text for the same file, whatever links lead to it. */
function identityOf(path: string): string {
  const info = statOf(path);
  if (info) return `${info.dev}:${info.ino}`;
  const folder = dirname(path);
  return statOf(folder) ? join(realpathSync(folder), basename(path)) : resolve(path);
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
