import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { CARD } from './model-card.js';
import { checkGraph } from './topology/graph.js';
import { checkLayers } from './topology/layers.js';
import { problemsOf, messageOf, UserError } from './user-error.js';
import { readWeights, weightsManifest, weightsPaths } from './weights-files.js';

/** What the converter calls its file. */
const MODEL_JSON = 'model.json';

/** The two formats of the official converter. */
export type ModelFormat = 'graph-model' | 'layers-model';

/** A model as its folder holds it, its weights in memory. */
export interface ModelFolder {
  /** What the model goes by: its folder, or its file where that has another name than model.json. */
  path: string;
  /** Where its files lie. */
  folder: string;
  format: ModelFormat;
  artifacts: io.ModelArtifacts;
  /** The paths of its files, and of the card that it may have. */
  files: readonly string[];
}

const modelJson = z.looseObject({
  format: z.enum(['graph-model', 'layers-model']).optional(),
  modelTopology: z.looseObject({}),
  weightsManifest,
});

type ModelJson = z.infer<typeof modelJson>;

/**
 * Reads a converted model (graph model or layers model).
 *
 * @param path a folder with a `model.json`, or such a file, by whatever name
 * @throws UserError when the folder, its `model.json` or a weights file is missing or broken.
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const file = await modelFile(path);
  const json = await readModelJson(file);
  const format = formatOf(file, json);
  const check = format === 'graph-model' ? checkGraph : checkLayers;
  check(file, json.modelTopology);
  const weights = readWeights(file, json.weightsManifest);
  const artifacts = await io.getModelArtifactsForJSON(json, (manifest) =>
    Promise.resolve([io.getWeightSpecs(manifest), weights]),
  );
  const folder = dirname(file);
  const files = [file, join(folder, CARD), ...weightsPaths(file, json.weightsManifest)];
  const goesBy = path === file && basename(file) === MODEL_JSON ? folder : path;
  return { path: goesBy, folder, format, artifacts, files };
}

/** The file that a path names, itself or by its folder. */
async function modelFile(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new UserError(`There is no folder ${path}: give the folder of a model.json.`);
  if (info.isDirectory()) return join(path, MODEL_JSON);
  if (/\.json$/i.test(path)) return path;
  throw new UserError(`${path} is no .json file: give a model.json, or the folder that holds one.`);
}

async function readModelJson(file: string): Promise<ModelJson> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError(noModelIn(dirname(file)));
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `${file} is not valid JSON (${messageOf(error)}): convert the model again.`,
    );
  }
  const parsed = modelJson.safeParse(content);
  if (!parsed.success) {
    throw new UserError(
      `${file} is not the description of a TensorFlow.js model: ${problemsOf(parsed.error)}`,
    );
  }
  return parsed.data;
}

/** What to say of a folder without a model.json. */
export function noModelIn(folder: string): string {
  return (
    `${folder} holds no model.json, so it is no TensorFlow.js model: ` +
    `give a folder that tensorflowjs_converter wrote.`
  );
}

function formatOf(file: string, json: ModelJson): ModelFormat {
  if (json.format) return json.format;
  // Converters before 1.2 wrote no format: a GraphDef has nodes, a Keras model a configuration.
  if ('node' in json.modelTopology) return 'graph-model';
  if ('model_config' in json.modelTopology || 'config' in json.modelTopology) return 'layers-model';
  throw new UserError(`${file} holds neither a graph model nor a layers model.`);
}
