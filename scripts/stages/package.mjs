import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, createServer } from 'vite';
import { withPage } from '../lib/chromium.mjs';
import { inRoot } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { serveFolder } from '../lib/static-server.mjs';

const EXPECTED = 'dynconv agrees with cpu';
const PAGE_TIMEOUT_MS = 60_000;
const execute = promisify(execFile);

/** Packs the project and installs the tarball into an empty project; resolves to its folder. */
async function installTarball() {
  const folder = await mkdtemp(join(tmpdir(), 'dynconv-package-'));
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder]);
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await run('npm', ['install', '--silent', '--prefer-offline', `./${tarball}`], { cwd: folder });
  await cp(inRoot('test/package'), folder, { recursive: true });
  return folder;
}

/** Runs a program in Node, by itself to its end, and resolves to what it printed. */
async function output(folder, ...args) {
  const { stdout } = await execute(process.execPath, args, { cwd: folder, timeout: 60_000 });
  return stdout.trim();
}

/** Opens a page and resolves to its title, once it has one, or to what went wrong. */
function titleOf(url) {
  return withPage(async (page) => {
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('requestfailed', (request) => problems.push(`could not load ${request.url()}`));
    await page.goto(url);
    try {
      await page.waitForFunction('document.title !== ""', { timeout: PAGE_TIMEOUT_MS });
      return await page.title();
    } catch (error) {
      return [String(error), ...problems].join('; ');
    }
  });
}

/** Serves a folder while a page of it runs, and resolves to the page's title. */
async function titleOfServed(folder, page) {
  const server = await serveFolder(folder);
  try {
    return await titleOf(`${server.url}/${page}`);
  } finally {
    server.close();
  }
}

/** Each check resolves to EXPECTED, or to what it got instead. */
const CHECKS = {
  'Node, ES module': (folder) => output(folder, 'node-esm.mjs'),

  'Node, CommonJS': (folder) => output(folder, 'node-cjs.cjs'),

  async 'TypeScript, both module systems'(folder) {
    const tsc = inRoot('node_modules/typescript/bin/tsc');
    for (const name of ['types.mts', 'types.cts']) {
      await cp(join(folder, 'types.ts'), join(folder, name));
      await output(
        folder,
        ...[tsc, '--noEmit', '--strict', '--skipLibCheck', '--module', 'node16', name],
      );
    }
    return EXPECTED;
  },

  async 'the command'(folder) {
    const text = await output(
      folder,
      'node_modules/tfjs-backend-dynconv/dist/cli/main.mjs',
      '--help',
    );
    return text.includes('dynconv') ? EXPECTED : text;
  },

  'script tag': (folder) => titleOfServed(folder, 'script-tag.html'),

  async 'Vite, built'(folder) {
    await build({
      root: folder,
      configFile: false,
      logLevel: 'warn',
      build: {
        target: 'es2022',
        chunkSizeWarningLimit: 4000,
        rollupOptions: { input: join(folder, 'bundled.html') },
      },
    });
    return titleOfServed(join(folder, 'dist'), 'bundled.html');
  },

  async 'Vite, developing'(folder) {
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: 'warn',
      server: { host: '127.0.0.1' },
    });
    try {
      await server.listen();
      return await titleOf(new URL('bundled.html', server.resolvedUrls.local[0]).href);
    } finally {
      await server.close();
    }
  },
};

/**
 * Installs the packed tarball into an empty project and uses it there, in each way that users do.
 *
 * @param {string[]} args names of checks; by default all run
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runStage(args) {
  const folder = await installTarball();
  const total = { passed: 0, failed: 0 };
  try {
    for (const [name, check] of Object.entries(CHECKS)) {
      if (args.length > 0 && !args.includes(name)) {
        continue;
      }
      const result = await check(folder).catch(String);
      if (result === EXPECTED) {
        console.log(`  ✔ ${name}`);
        total.passed++;
      } else {
        console.log(`  ✘ ${name}\n    ${result}`);
        total.failed++;
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return total;
}
