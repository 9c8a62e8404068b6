import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import {
  activityOf,
  FREE,
  InputError,
  networkOf,
  NO_DENSITIES,
  parseDensities,
  parseOnnxWorkload,
  parseTfjsNetwork,
  parseZigzagWorkload,
  readHardware,
  readMapping,
  type Activity,
  type MappingRule,
  type Network,
  type Platform,
} from 'tfjs-backend-dynconv/mapping';
import { UserError } from '../user-error.js';

/** The files that `map` and `simulate` work on. */
export interface InputFlags {
  hardware: string;
  mapping?: string;
  densities?: string;
  inputShape?: Record<string, number[]>;
}

/** What the files say. */
export interface Inputs {
  network: Network;
  /** What each layer computes; empty without densities. */
  activity: Activity;
  platform: Platform;
  rules: MappingRule[];
}

/**
 * Reads workload, hardware, mapping and densities.
 *
 * @throws UserError with the file and line of what is wrong
 */
export function readInputs(workload: string, flags: InputFlags): Inputs {
  try {
    const network = readWorkload(workload, flags.inputShape);
    const platform = readPlatform(flags.hardware);
    const rules = readRules(flags);
    const densities = flags.densities
      ? parseDensities(flags.densities, readText(flags.densities), network.layers)
      : NO_DENSITIES;
    const activity = flags.densities ? activityOf(network, densities) : [];
    return { network, activity, platform, rules };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [first, ...others] = error.message.split('\n');
    const more = others.length > 0 ? ` (and ${others.length} more problems)` : '';
    throw new UserError(first + more);
  }
}

/**
 * Reads a ZigZag workload, an ONNX model, or a converted model: its folder or its model.json.
 *
 * @param inputShapes for inputs that a converted model leaves open
 * @throws InputError with file and line, and UserError for what is no workload
 */
export function readWorkload(path: string, inputShapes: Record<string, number[]> = {}): Network {
  if (/\.ya?ml$/i.test(path)) return networkOf(parseZigzagWorkload(path, readText(path)));
  if (/\.onnx$/i.test(path)) return networkOf(parseOnnxWorkload(path, readBytes(path)));
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(path, 'model.json') : path;
  if (!/\.json$/i.test(file)) {
    throw new UserError(
      `${path}: expected a workload as .yaml, .onnx, model.json, or the folder of a model.json.`,
    );
  }
  const text = readText(file);
  return parseTfjsNetwork(file, text, { weights: readWeights(file, text), inputShapes });
}

/** The weights files that a model.json names, if all are there. */
function readWeights(file: string, text: string): Uint8Array | undefined {
  const paths = weightPaths(text);
  if (paths.some((path) => isAbsolute(path) || normalize(path).startsWith('..'))) {
    throw new UserError(`${file}: it names a weights file outside its folder.`);
  }
  const files = paths.map((path) => join(dirname(file), path));
  if (files.length === 0 || !files.every((path) => existsSync(path))) return undefined;
  return Buffer.concat(files.map((path) => readBytes(path)));
}

function weightPaths(text: string): string[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return []; // The reader of the model says where and why.
  }
  const { weightsManifest: groups } = Object(content) as { weightsManifest?: unknown };
  return (Array.isArray(groups) ? (groups as unknown[]) : []).flatMap((group) => {
    const { paths } = Object(group) as { paths?: unknown };
    const all = Array.isArray(paths) ? (paths as unknown[]) : [];
    return all.filter((path) => typeof path === 'string');
  });
}

function readPlatform(file: string): Platform {
  const open = (path: string): string | undefined => {
    const place = join(dirname(file), path);
    return existsSync(place) ? readText(place) : undefined;
  };
  return readHardware(file, readText(file), open);
}

/** The mapping that was named, or the one beside the hardware; without any the search is free. */
function readRules({ hardware, mapping }: InputFlags): MappingRule[] {
  const beside = join(dirname(hardware), basename(hardware).replace(/\.ya?ml$/i, '.mapping.yaml'));
  const file = mapping ?? (beside !== hardware && existsSync(beside) ? beside : undefined);
  return file === undefined ? [FREE] : readMapping(file, readText(file));
}

function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path));
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
