/** Sets up what a fresh clone lacks. Needs nothing but Node itself: it runs before `npm ci`. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';

const INSTALLED_LOCK = inRoot('node_modules/.package-lock.json');
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PYTHONS = ['python3.12', 'python3.11', 'python3', 'python'];
const PYTHON_ENVIRONMENT = inRoot('models/.venv');
/** Exits with 0 if this Python is a version that the models' package runs on and can make environments. */
const PYTHON_PROBE =
  'import sys; import ensurepip, venv; sys.exit(sys.version_info[:2] not in [(3, 11), (3, 12)])';

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
    ([path, { version, optional, link }]) =>
      path === '' ||
      optional ||
      (link ? existsSync(inRoot(path)) : installed[path]?.version === version),
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
  await aptInstall(
    'Chromium',
    ['chromium'],
    'The browser tests need Chrome or Chromium, and it could not be installed with apt-get. ' +
      'Install one, or set CHROME_BIN to the program of one.',
  );
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

/** Installs Debian's packages; if that fails, says `advice`. */
async function aptInstall(what, packages, advice) {
  console.log(`setup: installing ${what} (apt-get install ${packages.join(' ')})`);
  try {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  } catch (error) {
    throw new Error(advice, { cause: error });
  }
}

/**
 * Makes a virtual environment with the models' package and the versions of
 * `models/requirements-test.txt`, unless it is there.
 *
 * @returns {Promise<string>} the environment's Python
 * @throws {Error} that says what to do, if there is no Python for it
 */
export async function ensurePythonEnvironment() {
  const requirements = inRoot('models/requirements-test.txt');
  const stamp = join(PYTHON_ENVIRONMENT, '.made-from');
  const python = join(PYTHON_ENVIRONMENT, 'bin/python');
  const madeFrom = createHash('sha256')
    .update(readFileSync(requirements))
    .update(readFileSync(inRoot('models/pyproject.toml')))
    .digest('hex');
  if (isPython(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === madeFrom) {
    return python;
  }
  console.log('setup: making the Python environment models/.venv (some minutes)');
  await run(await ensurePython(), ['-m', 'venv', '--clear', PYTHON_ENVIRONMENT]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  await run(python, [...install, '--requirement', requirements]);
  // What builds the package is installed apart from it, in the versions of the same list.
  await run(python, [...install, '--editable', inRoot('models')], {
    env: { PIP_CONSTRAINT: requirements },
  });
  writeFileSync(stamp, madeFrom);
  return python;
}

/** Finds a Python that can make environments, installing Debian's where there is none. */
async function ensurePython() {
  const wanted = process.env.PYTHON;
  if (wanted) {
    if (!isPython(wanted)) {
      throw new Error(
        `PYTHON names ${wanted}, which is no Python 3.11 or 3.12 with venv: correct or unset it`,
      );
    }
    return wanted;
  }
  const found = PYTHONS.find(isPython);
  if (found) {
    return found;
  }
  const advice =
    'The tests of the models need Python 3.11 or 3.12 with its module venv, and apt-get could not ' +
    'install one. Install one, or set PYTHON to the program of one.';
  await aptInstall('Python', ['python3', 'python3-venv'], advice);
  const installed = PYTHONS.find(isPython);
  if (!installed) {
    throw new Error(advice);
  }
  return installed;
}

/** Whether a program is a Python that the environment can be made with. */
function isPython(program) {
  return spawnSync(program, ['-c', PYTHON_PROBE], { stdio: 'ignore' }).status === 0;
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
