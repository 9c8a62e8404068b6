import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, createServer } from 'vite';
import { failureLine } from '../lib/failure-line.cjs';
import { titleOf, titleOfServed } from '../lib/page-title.mjs';
import { inRoot } from '../lib/paths.mjs';
import { nodeFlags, run } from '../lib/run.mjs';
import { serveFolder } from '../lib/static-server.mjs';

const EXPECTED = 'dynconv agrees with cpu';
const LIBRARY = 'tfjs-backend-dynconv';
const COMMAND = 'dynconv';
/** How large the library may be, unpacked, and the command, packed. */
const MOST_BYTES = 2e6;
const MOST_PACKED_BYTES = 25e6;
/** TensorFlow.js's package for poses, and what it and its test need. */
const POSE_DETECTION = ['@tensorflow-models/pose-detection@2.1.3', '@napi-rs/canvas@1.0.11'];
/** What makes pages isolated whose host sends no headers. */
const COI_SERVICEWORKER = 'coi-serviceworker@0.1.7';
/** Headers that make a page cross-origin isolated. */
const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
/** As strict as a content security policy can be that lets WebAssembly run. */
const STRICT =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; object-src 'none'";
const execute = promisify(execFile);

/** Packs the project's package, or that of its command, into a folder; resolves to the tarball. */
async function pack(destination, ...args) {
  const options = ['--silent', '--pack-destination', destination, ...args];
  const { stdout } = await execute('npm', ['pack', ...options], { cwd: inRoot('.') });
  // The scripts of the package may have printed something before.
  return join(destination, stdout.trim().split('\n').at(-1));
}

/** Makes an empty project with packages installed; resolves to its folder. */
async function installInto(folder, ...packages) {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await run('npm', ['install', '--silent', '--prefer-offline', ...packages], { cwd: folder });
}

/** The bytes of all files in a folder. */
async function sizeOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Runs a program in Node, by itself to its end, and resolves to what it printed. */
async function output(folder, ...args) {
  const { stdout } = await execute(process.execPath, args, { cwd: folder, timeout: 60_000 });
  return stdout.trim();
}

/**
 * Each check gets the projects with the library and with the command, and the tarballs of both, and
 * resolves to EXPECTED, or to what it got instead.
 */
const CHECKS = {
  'Node, ES module': (folder) => output(folder, 'node-esm.mjs'),

  'Node, CommonJS': (folder) => output(folder, 'node-cjs.cjs'),

  'the mapping explorer': (folder) => output(folder, 'mapping.mjs'),

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

  async 'nothing but TensorFlow.js beside it, and small'(folder) {
    const installed = join(folder, 'node_modules', LIBRARY);
    const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    const others = Object.keys(dependencies).filter((name) => !name.startsWith('@tensorflow/'));
    const size = await sizeOf(installed);
    if (others.length > 0) return `it depends on ${others.join(', ')}`;
    return size < MOST_BYTES ? EXPECTED : `it has ${size} bytes, not less than ${MOST_BYTES}`;
  },

  async 'the command'(_, folder) {
    const photo = join(folder, 'node_modules', COMMAND, 'models/photos/astronaut.jpg');
    const text = await output(
      folder,
      ...nodeFlags(),
      ...[join(folder, 'node_modules/.bin/dynconv'), 'pose', photo],
      ...['--runs', '1', '--json', '--quiet'],
    );
    const [image] = JSON.parse(text).images;
    return image.agreement.agree && image.joints ? EXPECTED : text;
  },

  async 'the command, packed small'(_, __, { command }) {
    const { size } = await stat(command);
    return size < MOST_PACKED_BYTES
      ? EXPECTED
      : `it has ${size} bytes packed, not less than ${MOST_PACKED_BYTES}`;
  },

  async 'pose-detection of TensorFlow.js, with masks'(_, command, { library }) {
    const folder = join(command, '../pose-detection');
    await installInto(folder, library, ...POSE_DETECTION);
    await cp(inRoot('test/package/pose-detection.mjs'), join(folder, 'pose-detection.mjs'));
    const models = join(command, 'node_modules', COMMAND, 'models');
    const server = await serveFolder(models);
    try {
      const text = await output(
        folder,
        ...[...nodeFlags(), 'pose-detection.mjs', `${server.url}/movenet-thunder/model.json`],
        join(models, 'photos/footballer.jpg'),
      );
      return text.endsWith('dynconv agrees with wasm') ? EXPECTED : text;
    } finally {
      server.close();
    }
  },

  'script tag': (folder) => titleOfServed(folder, 'script-tag.html'),

  'script tag, two lanes under a strict content security policy': (folder) =>
    titleOfServed(folder, 'two-lanes.html', { ...ISOLATION, 'content-security-policy': STRICT }),

  'script tag, two lanes by Document-Isolation-Policy': (folder) =>
    titleOfServed(folder, 'two-lanes.html', {
      'document-isolation-policy': 'isolate-and-require-corp',
    }),

  async 'script tag, two lanes by a service worker'(folder) {
    const packages = join(folder, '../service-worker');
    await installInto(packages, COI_SERVICEWORKER);
    const script = 'coi-serviceworker.js';
    await cp(join(packages, 'node_modules/coi-serviceworker', script), join(folder, script));
    return titleOfServed(folder, 'service-worker.html');
  },

  async 'script tag, one lane where a policy forbids workers'(folder) {
    const policy = STRICT.replace("worker-src 'self'", "worker-src 'none'");
    const title = await titleOfServed(folder, 'forbidden-workers.html', {
      ...ISOLATION,
      'content-security-policy': policy,
    });
    const warnings = title.match(/a worker cannot run/g)?.length;
    return title.startsWith(EXPECTED) && warnings === 1 ? EXPECTED : title;
  },

  async 'Vite, built, two lanes under a strict content security policy'(folder) {
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
    return titleOfServed(join(folder, 'dist'), 'bundled.html', {
      ...ISOLATION,
      'content-security-policy': STRICT,
    });
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
 * Installs the packed library into an empty project, and the packed command into another, and uses
 * them there, in each way that users do.
 *
 * @param {string[]} args names of checks; by default all run
 * @returns {Promise<{passed: number, failed: number, failures: string[]}>}
 */
export async function runStage(args) {
  const folder = await mkdtemp(join(tmpdir(), 'dynconv-package-'));
  const total = { passed: 0, failed: 0, failures: [] };
  try {
    const libraryTarball = await pack(folder, '--ignore-scripts');
    const commandTarball = await pack(folder, '--workspace', COMMAND);
    const tarballs = { library: libraryTarball, command: commandTarball };
    const [library, command] = [join(folder, 'library'), join(folder, 'command')];
    await installInto(library, libraryTarball);
    await cp(inRoot('test/package'), library, { recursive: true });
    await installInto(command, libraryTarball, commandTarball);
    for (const [name, check] of Object.entries(CHECKS)) {
      if (args.length > 0 && !args.includes(name)) {
        continue;
      }
      const result = await check(library, command, tarballs).catch(String);
      if (result === EXPECTED) {
        console.log(`  ✔ ${name}`);
        total.passed++;
      } else {
        console.log(`  ✘ ${name}\n    ${result}`);
        total.failed++;
        total.failures.push(failureLine(name, result));
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return total;
}
