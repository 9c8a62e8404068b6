import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot, say } from './host.js';

/** The peers, and what writes models for them; none is a dependency. */
const PACKAGES = {
  'onnxruntime-node': '1.30.0',
  'onnxruntime-web': '1.30.0',
  '@litertjs/core': '2.5.3',
  flatbuffers: '25.9.23',
} as const;
export type PeerPackage = keyof typeof PACKAGES;

/** A folder that git ignores. */
const FOLDER = 'build/peers';

/**
 * Fetches the peers' packages into a folder that git ignores, unless they are there.
 *
 * @throws Error when npm cannot.
 */
export async function installPeers(): Promise<void> {
  const names = Object.keys(PACKAGES) as PeerPackage[];
  if (names.every((name) => existsSync(folderOf(name)))) return;
  const wanted = names.map((name) => `${name}@${PACKAGES[name]}`);
  say(`fetching ${wanted.join(', ')} (half a gigabyte, unpacked)`);
  await mkdir(inRoot(FOLDER), { recursive: true });
  // npm takes away what it is not asked for: all of them, even if some are there.
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  execFileSync('npm', ['install', '--prefix', inRoot(FOLDER), ...flags, ...wanted], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/**
 * The URL of a file of a peer's package.
 *
 * @throws Error that says what to do when it is not there.
 */
export function peerFile(name: PeerPackage, file: string): string {
  if (!existsSync(folderOf(name))) {
    throw new Error(`${name} is not here: npm run bench -- --peers --install fetches it.`);
  }
  return pathToFileURL(join(folderOf(name), file)).href;
}

function folderOf(name: PeerPackage): string {
  return inRoot(`${FOLDER}/node_modules/${name}`);
}
