import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The root folder of the project. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An absolute path from path segments below the project's root. */
export const inRoot = (...segments) => join(ROOT, ...segments);

/** What users of the library get: everything in it is published. */
export const DIST = inRoot('dist');

/** What users of the command get, besides the models. */
export const CLI_DIST = inRoot('cli/dist');

/** Intermediate results and test bundles; never published. */
export const BUILD = inRoot('build');
