/** What comes with the package: photographs and models. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './user-error.js';

/** The backbones whose trained networks can be asked for by name. */
export const BACKBONES = ['mobilenetv2', 'resnet'] as const;
export type Backbone = (typeof BACKBONES)[number];

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PACKAGED = folder('../models/');
/** The folder of models: the package's own, or the project's where this runs in a clone of it. */
const MODELS = existsSync(PACKAGED) ? PACKAGED : folder('../../models/');
/** The network in its published shape, whose weights are seeded. */
const SEEDED = 'mobilenetv2-hourglass-s0125';
/** What the trained networks' names end in: masks, a quarter of the conditional work executed. */
const TRAINED = 'dynamic-b025';

/**
 * The folder of the model to run when none is given: the trained network of a backbone; without a
 * backbone named, the one in its published shape, which shows what skipping gains at full size.
 *
 * @param models the folder of models.
 * @throws UserError when the backbone named has no trained model.
 */
export function shippedModel(backbone?: Backbone, models = MODELS): string {
  if (backbone === undefined) return shorter(join(models, SEEDED));
  const trained = join(models, 'trained', `${backbone}-${TRAINED}`);
  if (existsSync(join(trained, 'model.json'))) return shorter(trained);
  throw new UserError(
    `There is no trained model with the backbone ${backbone} (${trained}): give one with --model.`,
  );
}

/** The first photograph that came with the package; none if it was installed without. */
export function shippedPhotographs(): string[] {
  const photos = join(MODELS, 'photos');
  if (!existsSync(photos)) return [];
  const photo = readdirSync(photos)
    .sort()
    .find((name) => name.endsWith('.jpg'));
  return photo === undefined ? [] : [shorter(join(photos, photo))];
}

/** A path as short as the working directory allows. */
function shorter(path: string): string {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') ? path : fromHere;
}
