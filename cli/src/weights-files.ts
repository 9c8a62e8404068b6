/** The weights files of a converted model, as its model.json tells of them. */
import { readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { UserError } from './user-error.js';

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

/** The part of a model.json that tells of weights. */
export const weightsManifest = z
  .array(z.looseObject({ paths: z.array(z.string()).min(1), weights: z.array(weightSpec) }))
  .min(1);

type WeightSpec = z.infer<typeof weightSpec>;
type WeightsManifest = z.infer<typeof weightsManifest>;

const BYTES = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 };

/**
 * The paths of the weights files that a model.json names.
 *
 * @param file the model.json
 * @throws UserError for one that does not lie in its folder.
 */
export function weightsPaths(file: string, manifest: WeightsManifest): string[] {
  return manifest
    .flatMap(({ paths }) => paths)
    .map((name) => {
      if (isAbsolute(name) || normalize(name).startsWith('..')) {
        throw new UserError(`${file} names a weights file outside its folder: ${name}`);
      }
      return join(dirname(file), name);
    });
}

/**
 * Reads the weights files that a model.json names, one after the other.
 *
 * @param file the model.json
 * @throws UserError when one is missing, and when they hold more or less than it says.
 */
export function readWeights(file: string, manifest: WeightsManifest): ArrayBuffer {
  const shards = weightsPaths(file, manifest).map((path) => {
    try {
      return readFileSync(path);
    } catch {
      throw new UserError(
        `The weights file ${path}, named in ${basename(file)}, cannot be read: ` +
          `put it there, or convert the model again.`,
      );
    }
  });
  const all = Buffer.concat(shards);
  const weights = all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
  const specs = manifest.flatMap((group) => group.weights);
  checkLength(file, specs, weights);
  return weights;
}

/** Holds the weights files to what model.json says of them, before anything is allocated for it. */
function checkLength(file: string, specs: readonly WeightSpec[], weights: ArrayBuffer): void {
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
      `The weights files in ${dirname(file)} hold ${weights.byteLength} bytes, but ` +
        `${basename(file)} describes ${expected}: a file is cut off or belongs to another model.`,
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
