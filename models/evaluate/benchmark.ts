import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MPII_JOINTS } from '../../cli/src/pose/joints.js';
import { messageOf, problemsOf, UserError } from '../../cli/src/user-error.js';
import { readNpy } from './npy.js';
import type { Labels } from './pckh.js';

const benchmarkJson = z.looseObject({
  name: z.string(),
  version: z.number().int(),
  seed: z.number().int(),
  size: z.number().int().positive(),
  counts: z.looseObject({ test: z.number().int().positive() }),
});

/** The test split of a benchmark. */
export interface TestSplit extends Labels {
  name: string;
  version: number;
  seed: number;
  /** Height and width of the images in pixels. */
  size: number;
  count: number;
  /** [N, size, size, 3]. */
  images: Uint8Array;
}

/**
 * Reads the test split of a benchmark that `python -m dynconv_models.pose_data` made.
 *
 * @throws UserError when there is none, or it is broken.
 */
export async function readTestSplit(folder: string): Promise<TestSplit> {
  const file = join(folder, 'benchmark.json');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError(
      `${folder} holds no benchmark: make it with python -m dynconv_models.pose_data`,
    );
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not valid JSON: ${messageOf(error)}`);
  }
  const parsed = benchmarkJson.safeParse(content);
  if (!parsed.success) throw new UserError(`${file}: ${problemsOf(parsed.error)}`);
  const { name, version, seed, size, counts } = parsed.data;
  const count = counts.test;
  const array = (of: string): string => join(folder, `test-${of}.npy`);
  const joints = MPII_JOINTS.length;
  return {
    name,
    version,
    seed,
    size,
    count,
    images: (await readNpy(array('images'), 'uint8', [count, size, size, 3])).values,
    joints: (await readNpy(array('joints'), 'float32', [count, joints, 2])).values,
    labelled: (await readNpy(array('labelled'), 'bool', [count, joints])).values,
    head: (await readNpy(array('head'), 'float32', [count])).values,
  };
}

/** One image as a network takes it: float32 [size, size, 3], (rgb / 255 - mean) / std. */
export function inputOf(
  { images, size }: TestSplit,
  index: number,
  { mean, std }: { mean: readonly number[]; std: readonly number[] },
): Float32Array {
  const length = size * size * 3;
  const input = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    input[i] = (images[index * length + i] / 255 - mean[i % 3]) / std[i % 3];
  }
  return input;
}
