import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { readModelCard } from '../../cli/src/model-card.js';
import { readModelFolder } from '../../cli/src/model-folder.js';
import { readPhotograph, toInput } from '../../cli/src/pose/photograph.js';
import type { Environment } from '../report.js';

/** What main.mjs hands to every program, as JSON. */
export interface ProgramOptions {
  json: boolean;
  'plain-simd': boolean;
  install: boolean;
  /** tune: where the table goes; absent for stdout. */
  out?: string;
  peers: boolean;
  models?: string;
  lanes?: number;
  runs?: number;
  cpuRuns?: number;
}

/** The project's root, seen from build/bench/node. */
const ROOT = new URL('../../../', import.meta.url);
/** The published workload's folder, below the root. */
export const WORKLOAD = 'models/mobilenetv2-hourglass-s0125';
/** The shipped photograph, below the root. */
export const PHOTOGRAPH = 'models/photos/astronaut.jpg';
/** The side of the published workload's square input in pixels. */
const WORKLOAD_SIZE = 256;

/** An absolute path from one below the project's root. */
export function inRoot(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}

/** The options of this process, from its argument; sets the flags that they ask for. */
export function programOptions(): ProgramOptions {
  const options = JSON.parse(process.argv[2]) as ProgramOptions;
  if (options.lanes !== undefined) tf.env().set('DYNCONV_LANES', options.lanes);
  if (options['plain-simd']) tf.env().set('DYNCONV_RELAXED_SIMD', false);
  return options;
}

/** Progress, beside the results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints the results for a program or for people. */
export function printResults(json: boolean, document: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : `\n${text}\n`);
}

/** Where this runs; `dynconv` must have been set up before. */
export function environment(): Environment {
  return {
    runtime: `Node ${process.versions.node}`,
    relaxedSimd: tf.env().getBool('DYNCONV_RELAXED_SIMD'),
    lanes: tf.env().getNumber('DYNCONV_LANES'),
    vectorBits: tf.env().getNumber('DYNCONV_VECTOR_BITS'),
  };
}

/** The published workload. */
export async function workloadArtifacts(): Promise<tf.io.ModelArtifacts> {
  const { artifacts } = await readModelFolder(inRoot(WORKLOAD));
  return artifacts;
}

/** What loads the published workload. */
export async function workloadModel(): Promise<tf.io.IOHandler> {
  const artifacts = await workloadArtifacts();
  return { load: () => Promise.resolve(artifacts) };
}

/** The shipped photograph as the published workload takes it: float32 [256, 256, 3]. */
export async function workloadPicture(): Promise<Float32Array> {
  const { input } = await readModelCard(inRoot(WORKLOAD));
  const photograph = await readPhotograph(inRoot(PHOTOGRAPH), WORKLOAD_SIZE, WORKLOAD_SIZE);
  return toInput(photograph, input.mean, input.std);
}
