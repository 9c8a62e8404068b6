/** Where the specs run, and how they find the project's files there. */

/** The URL of the project's root: a file URL in Node, a path on the server in Karma. */
declare const ASSET_BASE: string;

/** Whether the specs run in Node rather than in a browser. */
export const IN_NODE = typeof process !== 'undefined' && typeof process.versions.node === 'string';

/**
 * The URL of a file or folder of the project.
 *
 * @param path relative to the project's root, such as `dist/` or `models/a/model.json`
 */
export function assetUrl(path: string): string {
  return new URL(path, new URL(ASSET_BASE, IN_NODE ? undefined : location.href)).href;
}

/**
 * Reads a file of the project.
 *
 * @param path relative to the project's root
 * @throws Error if the file cannot be read
 */
export async function assetBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (IN_NODE) {
    const { readFile } = process.getBuiltinModule('node:fs/promises');
    return new Uint8Array(await readFile(new URL(assetUrl(path))));
  }
  const response = await fetch(assetUrl(path));
  if (!response.ok) {
    throw new Error(`${path}: the server answered ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
