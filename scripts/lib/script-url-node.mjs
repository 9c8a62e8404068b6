/* global __filename -- bundled into CommonJS */
import { pathToFileURL } from 'node:url';

/** What `import.meta.url` is in the CommonJS build. */
export const scriptUrl = pathToFileURL(__filename).href;
