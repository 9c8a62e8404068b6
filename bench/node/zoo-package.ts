import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inRoot, say } from './host.js';

/** An npm package that carries other people's converted models; they are not redistributed here. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** How large it is, packed. */
  readonly megabytes: number;
}

/** Below the root, where git ignores it: a folder for each package. */
const CACHE = 'build/zoo';

/**
 * The folder with a package's files.
 *
 * @param install whether to fetch the package when it is not there.
 * @throws Error that says what to do when it is not there.
 */
export async function packageFolder(
  { name, version, megabytes }: Package,
  install: boolean,
): Promise<string> {
  const cache = inRoot(join(CACHE, `${name.slice(name.indexOf('/') + 1)}-${version}`));
  const files = join(cache, 'package');
  if (existsSync(files)) return files;
  if (!install) {
    throw new Error(`The models are not here: npm run bench -- zoo --install fetches ${name}.`);
  }
  say(`fetching ${name} ${version} (${megabytes} MB)`);
  await mkdir(cache, { recursive: true });
  // Only its files are wanted: a real installation would bring hundreds of dependencies along.
  const tarball = execFileSync(
    'npm',
    ['pack', `${name}@${version}`, '--pack-destination', cache, '--silent'],
    { encoding: 'utf8' },
  );
  execFileSync('tar', ['-xzf', join(cache, tarball.trim()), '-C', cache]);
  return files;
}
