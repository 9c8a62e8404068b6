import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { UserError } from '../user-error.js';

/** What is taken from a folder; a file that is named may be of any kind that can be decoded. */
const EXTENSIONS = ['.jpg', '.jpeg', '.png'];
/** How the pictures' names end, so that they are not taken for photographs the next time. */
const PICTURE_ENDING = '-pose.png';
/** The name of the picture that shows several images' predictions beneath one another. */
export const OVERVIEW_NAME = `overview${PICTURE_ENDING}`;

/**
 * Replaces folders by the photographs in them (.jpg, .jpeg and .png, by name; not those in folders
 * below, nor hidden ones, nor the pictures that this command draws).
 *
 * @throws UserError for a folder without any, and when nothing was named.
 */
export async function listImages(paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) {
    throw new UserError('No image: name a JPEG, PNG or WebP file, or a folder of them.');
  }
  const images: string[] = [];
  for (const path of paths) {
    if (await isFolder(path)) images.push(...(await imagesIn(path)));
    else images.push(path);
  }
  return images;
}

async function imagesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => EXTENSIONS.includes(extname(name).toLowerCase()))
    // A name with a dot in front is no photograph: macOS writes ._NAME.jpg beside NAME.jpg on foreign disks.
    .filter((name) => !name.endsWith(PICTURE_ENDING) && !name.startsWith('.'))
    .sort();
  if (names.length === 0) {
    throw new UserError(`The folder ${folder} holds no photograph: ${EXTENSIONS.join(', ')}.`);
  }
  return names.map((name) => join(folder, name));
}

/** Whether a path is that of a folder. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/**
 * The names of the images' pictures: `NAME-pose.png`, or `NAME-2-pose.png` where that name was taken by
 * an image before, or by the overview.
 */
export function pictureNames(images: readonly string[]): string[] {
  const taken = new Set([OVERVIEW_NAME]);
  return images.map((image) => {
    const stem = basename(image, extname(image));
    let name = stem + PICTURE_ENDING;
    for (let n = 2; taken.has(name); n++) name = `${stem}-${n}${PICTURE_ENDING}`;
    taken.add(name);
    return name;
  });
}

/** The name of the chart beside a picture: `NAME-timeline.svg` for `NAME-pose.png` or any `NAME`. */
export function timelineName(picture: string): string {
  const stem = basename(picture, extname(picture)).replace(/-pose$/, '');
  return join(dirname(picture), `${stem}-timeline.svg`);
}
