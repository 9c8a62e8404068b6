import { parseArgs } from 'node:util';

/**
 * Reads the arguments of a program. Where they ask for help, or something is wrong with them, says how the
 * program is used, and ends the process.
 *
 * @param {string} usage what --help prints
 * @param {import('node:util').ParseArgsConfig} config what `parseArgs` takes, but for --help
 * @param {(parsed: object) => T} check makes of what was parsed what the program works with, and throws for
 *   what is wrong with it
 * @returns {T}
 * @template T
 */
export function readArguments(usage, config, check = ({ values }) => values) {
  const options = { ...config.options, help: { type: 'boolean', default: false } };
  try {
    const parsed = parseArgs({ ...config, options });
    if (!parsed.values.help) return check(parsed);
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}
