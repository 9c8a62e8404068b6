/** Sets up what a fresh clone lacks. Needs nothing but Node itself: it runs before `npm ci`. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';

const INSTALLED_LOCK = inRoot('node_modules/.package-lock.json');
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Installs the dependencies, unless those of the lock file are there. */
export async function ensureDependencies() {
  if (!dependenciesMatch()) {
    console.log('setup: installing the dependencies (npm ci)');
    await run('npm', ['ci', '--no-fund', '--no-audit']);
  }
}

/** Whether node_modules has the versions that the lock file asks for. */
function dependenciesMatch() {
  if (!existsSync(INSTALLED_LOCK)) {
    return false;
  }
  const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = packagesOf(INSTALLED_LOCK);
  return Object.entries(packagesOf(inRoot('package-lock.json'))).every(
    ([path, { version, optional }]) =>
      path === '' || optional || installed[path]?.version === version,
  );
}

/**
 * Builds what is missing from dist/ or older than its sources.
 *
 * @param {...string} steps steps of scripts/build.mjs; by default all
 */
export async function ensureBuilt(...steps) {
  await run(process.execPath, [inRoot('scripts/build.mjs'), '--stale', ...steps]);
}

/**
 * Finds a Chrome or Chromium, installing Debian's where there is none.
 *
 * @returns {Promise<string>} the browser's program
 * @throws {Error} that says what to do, if there is none and none can be installed
 */
export async function ensureChromium() {
  const wanted = process.env.CHROME_BIN;
  if (wanted) {
    if (!existsSync(wanted)) {
      throw new Error(`CHROME_BIN names ${wanted}, which does not exist: correct or unset it`);
    }
    return wanted;
  }
  const found = findBrowser();
  if (found) {
    return found;
  }
  console.log('setup: installing Chromium (apt-get install chromium)');
  try {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
  } catch (error) {
    throw new Error(
      'The browser tests need Chrome or Chromium, and it could not be installed with apt-get. ' +
        'Install one, or set CHROME_BIN to the program of one.',
      { cause: error },
    );
  }
  const installed = findBrowser();
  if (!installed) {
    throw new Error('apt-get installed no Chromium: set CHROME_BIN to a Chrome or Chromium.');
  }
  return installed;
}

/** The first known browser on the PATH. */
function findBrowser() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name))).find((program) =>
    existsSync(program),
  );
}

/** When a file, or the newest file in a folder, was last modified (ms); 0 if there is none. */
export function modified(path) {
  if (!existsSync(path)) {
    return 0;
  }
  const status = statSync(path);
  return status.isDirectory()
    ? Math.max(0, ...readdirSync(path).map((name) => modified(`${path}/${name}`)))
    : status.mtimeMs;
}
