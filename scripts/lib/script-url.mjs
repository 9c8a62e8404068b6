import { inRoot } from './paths.mjs';

const standIn = (file) => ({
  define: { 'import.meta.url': 'scriptUrl' },
  inject: [inRoot('scripts/lib', file)],
});

/** Build options that give meaning to `import.meta.url` in bundles that are no ES modules. */
export const SCRIPT_URL = {
  node: standIn('script-url-node.mjs'),
  browser: standIn('script-url-browser.mjs'),
};
