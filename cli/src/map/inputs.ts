import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
  type MappingUse,
  type Network,
  type Platform,
} from 'tfjs-backend-dynconv/mapping';
import { z } from 'zod';
import { complain } from '../exit-codes.js';
import { noModelIn } from '../model-folder.js';
import { UserError } from '../user-error.js';
import { readWeights, weightsManifest, weightsPaths } from '../weights-files.js';

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
  /** The paths of the files. */
  files: readonly string[];
}

/** Reads files, and remembers which. */
class FileReader {
  readonly paths: string[] = [];

  bytes(path: string): Buffer {
    this.paths.push(path);
    try {
      return readFileSync(path);
    } catch (error) {
      throw new UserError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    }
  }

  text(path: string): string {
    return new TextDecoder().decode(this.bytes(path));
  }
}

/**
 * Reads workload, hardware, mapping and densities.
 *
 * @param warn hears of what has no effect
 * @throws UserError with the file and line of what is wrong
 */
export function readInputs(workload: string, flags: InputFlags, warn = complain): Inputs {
  const files = new FileReader();
  try {
    const shapes = new ShapesByName(flags.inputShape);
    const network = readWorkload(workload, shapes.asked, files);
    shapes.check(workload);
    const platform = readPlatform(flags.hardware, files);
    const rules = readRules(flags, files, {
      platform,
      layers: network.layers,
      warn: (problems) => {
        warn(summaryOf(new InputError(problems)));
      },
    });
    const densities = flags.densities
      ? parseDensities(flags.densities, files.text(flags.densities), network)
      : NO_DENSITIES;
    const activity = flags.densities ? activityOf(network, densities) : [];
    return { network, activity, platform, rules, files: files.paths };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new UserError(summaryOf(error));
  }
}

/** The first problem, and how many more there are. */
function summaryOf({ message, problems: [{ openInput }] }: InputError): string {
  if (openInput !== undefined)
    return `${message}: give it with --input-shape, as ${openInput}=1,256,256,3.`;
  const [first, ...others] = message.split('\n');
  const noun = others.length === 1 ? 'problem' : 'problems';
  return first + (others.length > 0 ? ` (and ${others.length} more ${noun})` : '');
}

/** The shapes of `--input-shape`; sees for which inputs a reader asks, for these are all that there are. */
class ShapesByName {
  readonly asked: Record<string, number[]>;
  private readonly inputs = new Set<string>();

  constructor(private readonly shapes: Record<string, number[]> = {}) {
    this.asked = new Proxy(shapes, {
      get: (target, name: string) => {
        this.inputs.add(name);
        return Object.hasOwn(target, name) ? target[name] : undefined;
      },
    });
  }

  /** @throws UserError for the shape of an input that the workload lacks */
  check(workload: string): void {
    const unknown = Object.keys(this.shapes).find((name) => !this.inputs.has(name));
    if (unknown === undefined) return;
    throw new UserError(
      this.inputs.size === 0
        ? `${workload} tells all shapes itself: leave out --input-shape ${unknown}.`
        : `${workload} has no input ${unknown}: --input-shape takes ${[...this.inputs].join(', ')}.`,
    );
  }
}

/**
 * Reads a ZigZag workload, an ONNX model, or a converted model: its folder or its model.json.
 *
 * @param inputShapes for inputs that a converted model leaves open
 * @throws InputError with file and line, and UserError for what is no workload
 */
export function readWorkload(
  path: string,
  inputShapes: Record<string, number[]> = {},
  files = new FileReader(),
): Network {
  if (/\.ya?ml$/i.test(path)) return networkOf(parseZigzagWorkload(path, files.text(path)));
  if (/\.onnx$/i.test(path)) return networkOf(parseOnnxWorkload(path, files.bytes(path)));
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(path, 'model.json') : path;
  if (isFolder && !existsSync(file)) throw new UserError(noModelIn(path));
  if (!/\.json$/i.test(file)) {
    throw new UserError(
      `${path}: expected a workload as .yaml, .onnx, model.json, or the folder of a model.json.`,
    );
  }
  return readModel(file, inputShapes, files);
}

/** Reads a converted model; its weights are only needed where shapes are computed of them. */
function readModel(
  file: string,
  inputShapes: Record<string, number[]>,
  files: FileReader,
): Network {
  const text = files.text(file);
  const manifest = manifestOf(text);
  files.paths.push(...weightsPaths(file, manifest));
  let weights: Uint8Array | undefined;
  let fault: unknown;
  try {
    weights = new Uint8Array(readWeights(file, manifest));
  } catch (error) {
    fault = error;
  }
  try {
    return parseTfjsNetwork(file, text, { weights, inputShapes });
  } catch (error) {
    throw fault instanceof UserError && error instanceof InputError ? fault : error;
  }
}

const modelJson = z.looseObject({ weightsManifest });

/** What a model.json says of weights; nothing where it is broken: its reader says where and why. */
function manifestOf(text: string): z.infer<typeof weightsManifest> {
  try {
    return modelJson.parse(JSON.parse(text)).weightsManifest;
  } catch {
    return [];
  }
}

function readPlatform(file: string, files: FileReader): Platform {
  const open = (path: string): string | undefined => {
    const place = join(dirname(file), path);
    return existsSync(place) ? files.text(place) : undefined;
  };
  return readHardware(file, files.text(file), open);
}

/** The mapping that was named, or the one beside the hardware; without any the search is free. */
function readRules(
  { hardware, mapping }: InputFlags,
  files: FileReader,
  use: MappingUse,
): MappingRule[] {
  const beside = join(dirname(hardware), basename(hardware).replace(/\.ya?ml$/i, '.mapping.yaml'));
  const file = mapping ?? (beside !== hardware && existsSync(beside) ? beside : undefined);
  return file === undefined ? [FREE] : readMapping(file, files.text(file), use);
}
