import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from './user-error.js';

const rgb = z.tuple([z.number(), z.number(), z.number()]);

const modelCard = z.strictObject({
  /** What the model is called. */
  name: z.string().optional(),
  /** Whether the weights were trained, or drawn from a seed. */
  weights: z.enum(['seeded', 'trained']).optional(),
  /** What a user must know before believing a result; printed with it. */
  note: z.string().optional(),
  /** What the network expects: (rgb / 255 - mean) / std. */
  input: z
    .strictObject({
      mean: rgb.default([0, 0, 0]),
      std: rgb.refine((std) => std.every((s) => s > 0), 'must be positive').default([1, 1, 1]),
    })
    .default({ mean: [0, 0, 0], std: [1, 1, 1] }),
  /** The names of the heatmaps' channels, in order. */
  joints: z.array(z.string()).optional(),
  /** Where the network comes from. */
  source: z.string().optional(),
  /** Published multiply-accumulate counts of the network. */
  published: z.record(z.string(), z.number()).optional(),
});

/** What a model's `dynconv.json` says about it; every field has a default. */
export type ModelCard = z.infer<typeof modelCard>;

/**
 * Reads the optional `dynconv.json` beside a `model.json`.
 *
 * @throws UserError when the file is there but broken.
 */
export async function readModelCard(folder: string): Promise<ModelCard> {
  const file = join(folder, 'dynconv.json');
  const text = await readFile(file, 'utf8').catch(() => '{}');
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not valid JSON: ${messageOf(error)}`);
  }
  const parsed = modelCard.safeParse(content);
  if (!parsed.success) throw new UserError(`${file}:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
