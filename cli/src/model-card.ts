import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { problemsOf, messageOf, UserError } from './user-error.js';

/** Text that is printed: a line, which leaves the terminal as it is. */
const line = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^\P{Cc}*$/u, 'must not hold control characters');
const channel = z.number().min(-1e6).max(1e6);
const deviation = z.number().min(1e-6).max(1e6);
const count = z.number().int().nonnegative();
const percentage = z.number().min(0).max(100);
const fraction = z.number().min(0).max(1);

/** How a model was trained. */
export const training = z.strictObject({
  data: z.strictObject({
    name: line(200),
    version: z.union([line(100), z.number()]),
    seed: count,
    trainImages: count,
  }),
  seed: count,
  steps: count,
  batch: count,
  command: z.string(),
  device: z.string(),
  minutes: z.number().nonnegative(),
  /** The fingerprint of all that decides about the result. */
  configuration: z.string().optional(),
});

/** What a trained model does on the test split of its data. */
export const figures = z.strictObject({
  /** PCKh@0.5 on the data's test split, in percent. */
  pckh: percentage,
  pckhPerJoint: z.record(z.string(), percentage),
  parameters: count,
  /** Multiply-accumulates of one image, and how many of them belong to blocks with a mask. */
  macs: z.number().nonnegative(),
  conditionalMacs: z.number().nonnegative(),
  /** The same, executed: means over the test split. */
  executedMacs: z.number().nonnegative(),
  executedConditionalMacs: z.number().nonnegative(),
  /** The share of its conditional multiply-accumulates that the network was trained to execute. */
  budget: z.number().min(0).max(1).nullish(),
  maskDensities: z.record(z.string(), fraction),
  /** Of each mask unit: where what it keeps differs (`mask_statistics.py` of the models says how). */
  masks: z
    .record(
      z.string(),
      z.strictObject({
        within: fraction.nullable(),
        pattern: fraction.nullable(),
        near: fraction,
        far: fraction,
      }),
    )
    .optional(),
});

const modelCard = z.strictObject({
  /** What the model is called. */
  name: line(200).optional(),
  /** Whether the weights were trained, or drawn from a seed. */
  weights: z.enum(['seeded', 'trained']).optional(),
  /** What a user must know before believing a result; printed with it. */
  note: line(2000).optional(),
  /** What the network expects: (rgb / 255 - mean) / std. */
  input: z
    .strictObject({
      mean: z.tuple([channel, channel, channel]).default([0, 0, 0]),
      std: z.tuple([deviation, deviation, deviation]).default([1, 1, 1]),
    })
    .default({ mean: [0, 0, 0], std: [1, 1, 1] }),
  /** The names of the heatmaps' channels, in order. */
  joints: z.array(line(100)).optional(),
  /** Where the network comes from. */
  source: z.string().optional(),
  /** What it was trained on. */
  data: z.string().optional(),
  /** Published multiply-accumulate counts of the network. */
  published: z.record(z.string(), z.number()).optional(),
  training: training.optional(),
  figures: figures.optional(),
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
  if (!parsed.success) throw new UserError(`${file}: ${problemsOf(parsed.error)}`);
  return parsed.data;
}
