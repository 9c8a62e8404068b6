import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot, say } from './host.js';

/** The peers, none of which is a dependency. */
const PACKAGES = { 'onnxruntime-node': '1.30.0' } as const;
export type PeerPackage = keyof typeof PACKAGES;

/** A folder that git ignores. */
const FOLDER = 'build/peers';

/**
 * Fetches the peers' packages into a folder that git ignores, unless they are there.
 *
 * @throws Error when npm cannot.
 */
export async function installPeers(): Promise<void> {
  const missing = Object.entries(PACKAGES).filter(([name]) => !peerFolder(name as PeerPackage));
  if (missing.length === 0) return;
  const wanted = missing.map(([name, version]) => `${name}@${version}`);
  say(`fetching ${wanted.join(', ')}`);
  await mkdir(inRoot(FOLDER), { recursive: true });
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  execFileSync('npm', ['install', '--prefix', inRoot(FOLDER), ...flags, ...wanted], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Where a peer's package lies, below the project's root; undefined where it is not installed. */
export function peerFolder(name: PeerPackage): string | undefined {
  return [`${FOLDER}/node_modules/${name}`, `node_modules/${name}`].find((folder) =>
    existsSync(join(inRoot(folder), 'package.json')),
  );
}

/** The URL of a file of a peer's package; undefined where it is not installed. */
export function peerFile(name: PeerPackage, file: string): string | undefined {
  const folder = peerFolder(name);
  return folder && pathToFileURL(join(inRoot(folder), file)).href;
}
