/** What comes with the package: photographs and networks. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './user-error.js';

/** The networks that can be asked for by name, and their folders. */
const NETWORKS: Readonly<Record<string, string>> = {
  hourglass: 'trained/mobilenetv2-dynamic-b025',
  'hourglass-resnet': 'trained/resnet-dynamic-b025',
  'movenet-thunder': 'movenet-thunder',
  'movenet-lightning': 'movenet-lightning',
  published: 'mobilenetv2-hourglass-s0125',
};
/** The one that is right on photographs. */
export const DEFAULT_NETWORK = 'movenet-thunder';

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PACKAGED = folder('../models/');
/** The folder of models: the package's own, or the project's where this runs in a clone of it. */
const MODELS = existsSync(PACKAGED) ? PACKAGED : folder('../../models/');

/** The names of the shipped networks. */
export const NETWORK_NAMES: readonly string[] = Object.keys(NETWORKS);

/**
 * The folder of a network: that of a shipped one by its name, or else the folder that was named itself.
 *
 * @param models the folder of the shipped ones.
 * @throws UserError when it is neither.
 */
export function networkFolder(network: string, models = MODELS): string {
  if (Object.hasOwn(NETWORKS, network)) {
    const shipped = join(models, NETWORKS[network]);
    if (existsSync(join(shipped, 'model.json'))) return shorter(shipped);
    throw new UserError(`The network ${network} did not come with this package (${shipped}).`);
  }
  if (existsSync(network)) return network;
  throw new UserError(
    `There is no folder ${network}, nor a network of that name: give the folder of a model.json, or one ` +
      `of ${NETWORK_NAMES.join(', ')}.`,
  );
}

/** The photographs that came with the package; none if it was installed without. */
export function shippedPhotographs(): string[] {
  const photos = join(MODELS, 'photos');
  if (!existsSync(photos)) return [];
  return readdirSync(photos)
    .sort()
    .filter((name) => name.endsWith('.jpg'))
    .map((photo) => shorter(join(photos, photo)));
}

/** A path as short as the working directory allows. */
function shorter(path: string): string {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') ? path : fromHere;
}
