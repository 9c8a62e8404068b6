import { spawn } from 'node:child_process';
import { inRoot, ROOT } from './paths.mjs';

/**
 * Runs a command in the project's root with its output on this terminal.
 *
 * @param {string} command the program
 * @param {string[]} args its arguments
 * @param {{env?: Record<string, string>, cwd?: string, timeoutMs?: number, check?: boolean}} options
 *   additional environment variables, working folder, time limit, and whether a non-zero exit code
 *   is an error (default true)
 * @returns {Promise<number>} the exit code
 */
export function run(command, args, { env = {}, cwd = ROOT, timeoutMs, check = true } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: 'inherit',
      timeout: timeoutMs,
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (check && code !== 0) {
        const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
        reject(new Error(`"${[command, ...args].join(' ')}" ${how}`));
      } else {
        resolve(code ?? 1);
      }
    });
  });
}

/** Runs the command-line program of a package that is installed in node_modules. */
export function runBin(name, args, options) {
  return run(inRoot('node_modules/.bin', name), args, options);
}

/**
 * Flags of Node for a child process: relaxed SIMD is there in Node 20, but off by default.
 *
 * @param {{revectorize?: boolean}} options whether to have vectors of 256 bits, from Node 24 on; by
 *   default as the environment variable DYNCONV_REVECTORIZE says, so that tests run with and without
 */
export function nodeFlags({ revectorize = process.env.DYNCONV_REVECTORIZE === 'true' } = {}) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 22) return ['--experimental-wasm-relaxed-simd'];
  return revectorize && major >= 24 ? ['--experimental-wasm-revectorize'] : [];
}
