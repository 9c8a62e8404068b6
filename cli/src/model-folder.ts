import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { checkGraph } from './topology/graph.js';
import { checkLayers } from './topology/layers.js';
import { problemsOf, messageOf, UserError } from './user-error.js';

/** The two formats of the official converter. */
export type ModelFormat = 'graph-model' | 'layers-model';

/** A model as its folder holds it, its weights in memory. */
export interface ModelFolder {
  path: string;
  format: ModelFormat;
  artifacts: io.ModelArtifacts;
}

const quantization = z.discriminatedUnion('dtype', [
  z.looseObject({ dtype: z.enum(['uint8', 'uint16']), scale: z.number(), min: z.number() }),
  z.looseObject({ dtype: z.literal('float16') }),
]);
const weightSpec = z.looseObject({
  name: z.string().min(1),
  shape: z.array(z.number().int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool', 'string', 'complex64']),
  quantization: quantization.optional(),
});

const modelJson = z.looseObject({
  format: z.enum(['graph-model', 'layers-model']).optional(),
  modelTopology: z.looseObject({}),
  weightsManifest: z
    .array(z.looseObject({ paths: z.array(z.string()).min(1), weights: z.array(weightSpec) }))
    .min(1),
});

type WeightSpec = z.infer<typeof weightSpec>;
type ModelJson = z.infer<typeof modelJson>;

const BYTES = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 };

/**
 * Reads a converted model (graph model or layers model) from a folder with a `model.json`.
 *
 * @throws UserError when the folder, its `model.json` or a weights file is missing or broken.
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const json = await readModelJson(path);
  const format = formatOf(path, json);
  const check = format === 'graph-model' ? checkGraph : checkLayers;
  check(join(path, 'model.json'), json.modelTopology);
  const specs = json.weightsManifest.flatMap((group) => group.weights);
  const weights = await readWeights(path, json);
  checkLength(path, specs, weights);
  const artifacts = await io.getModelArtifactsForJSON(json, (manifest) =>
    Promise.resolve([io.getWeightSpecs(manifest), weights]),
  );
  return { path, format, artifacts };
}

async function readModelJson(path: string): Promise<ModelJson> {
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new UserError(`There is no folder ${path}: give the folder of a model.json.`);
  if (!info.isDirectory()) {
    throw new UserError(`${path} is a file: give the folder that holds model.json.`);
  }
  const file = join(path, 'model.json');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError(
      `${path} holds no model.json, so it is no TensorFlow.js model: ` +
        `give a folder that tensorflowjs_converter wrote.`,
    );
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

function formatOf(path: string, json: ModelJson): ModelFormat {
  if (json.format) return json.format;
  // Converters before 1.2 wrote no format: a GraphDef has nodes, a Keras model a configuration.
  if ('node' in json.modelTopology) return 'graph-model';
  if ('model_config' in json.modelTopology || 'config' in json.modelTopology) return 'layers-model';
  throw new UserError(
    `${join(path, 'model.json')} holds neither a graph model nor a layers model.`,
  );
}

async function readWeights(path: string, json: ModelJson): Promise<ArrayBuffer> {
  const shards: Buffer[] = [];
  for (const name of json.weightsManifest.flatMap((group) => group.paths)) {
    if (isAbsolute(name) || normalize(name).startsWith('..')) {
      throw new UserError(
        `${join(path, 'model.json')} names a weights file outside its folder: ${name}`,
      );
    }
    const shard = await readFile(join(path, name)).catch(() => {
      throw new UserError(
        `The weights file ${join(path, name)}, named in model.json, cannot be read.`,
      );
    });
    shards.push(shard);
  }
  const all = Buffer.concat(shards);
  return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
}

/** Holds the weights files to what model.json says of them, before anything is allocated for it. */
function checkLength(path: string, specs: readonly WeightSpec[], weights: ArrayBuffer): void {
  const bytes = new DataView(weights);
  let expected = 0;
  for (const { shape, dtype, quantization } of specs) {
    const values = shape.reduce((a, b) => a * b, 1);
    expected +=
      dtype === 'string'
        ? stringBytes(bytes, expected, values)
        : values * BYTES[quantization?.dtype ?? dtype];
  }
  if (weights.byteLength !== expected) {
    throw new UserError(
      `The weights files in ${path} hold ${weights.byteLength} bytes, but model.json describes ${expected}: ` +
        `a file is cut off or belongs to another model.`,
    );
  }
}

/** The bytes of `count` strings, each behind its length; those that lie beyond the end count as empty. */
function stringBytes(bytes: DataView, start: number, count: number): number {
  const LENGTH_BYTES = 4;
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + LENGTH_BYTES > bytes.byteLength) {
      return at - start + (count - i) * LENGTH_BYTES;
    }
    at += LENGTH_BYTES + bytes.getUint32(at, true);
  }
  return at - start;
}
