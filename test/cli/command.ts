import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assetUrl } from '../support/environment.js';

/** What a run of the command left behind. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** An absolute path of a file of the project. */
export function projectPath(path: string): string {
  return fileURLToPath(assetUrl(path));
}

/** Runs the built `dynconv` command in a folder. */
export function dynconv(folder: string, ...args: string[]): CommandResult {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [projectPath('cli/bin/dynconv.mjs'), ...args],
    { cwd: folder, encoding: 'utf8' },
  );
  return { code: status, stdout, stderr };
}
