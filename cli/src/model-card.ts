import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { problemsOf, messageOf, UserError } from './user-error.js';

/** The name of the file that tells of a model, beside its model.json. */
export const CARD = 'dynconv.json';

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

/** What a model with such masks does on pictures that it was not trained on. */
const gatedFigures = z.strictObject({
  macs: count,
  conditionalMacs: count,
  executedMacs: count,
  /** The share of the original's finds that it keeps; null for a model that finds nothing. */
  finds: fraction.nullable(),
  /** The mean distance of its maps from the original's, as a share of their standard deviation. */
  error: z.number().nonnegative(),
  /** The share of the work behind masks that is executed. */
  share: fraction,
  densities: z.record(z.string(), fraction),
  /** The share of each mask's variance that lies within pictures. */
  within: z.record(z.string(), fraction.nullable()).optional(),
  /** PCK of labelled joints, in percent: within `threshold` of the torso's length. */
  labelled: z
    .strictObject({
      data: line(1000),
      photographs: count,
      joints: count,
      threshold: z.number().positive(),
      pck: percentage,
      originalPck: percentage,
    })
    .optional(),
});

/** How masks were put into a pretrained model (`python -m dynconv_models.gate`). */
export const gating = z.strictObject({
  budget: fraction,
  steps: count,
  batch: count,
  learning_rate: z.number().nonnegative(),
  mask_rate: z.number().nonnegative(),
  fall: fraction,
  noise: fraction,
  bounded: fraction,
  lowest: fraction,
  budget_weight: z.number().nonnegative(),
  seed: count,
  /** Pictures that it was trained on. */
  images: count,
  minutes: z.number().nonnegative(),
  command: line(1000),
  /** What was said of the training whose result this one went on with. */
  earlier: z.record(z.string(), z.unknown()).optional(),
  figures: gatedFigures,
});

const modelCard = z.strictObject({
  /** What the model is called. */
  name: line(200).optional(),
  /** Whether the weights were trained, taken from elsewhere, or drawn from a seed. */
  weights: z.enum(['seeded', 'trained', 'pretrained']).optional(),
  /** What a user must know before believing a result; printed with it. */
  note: line(2000).optional(),
  /** What the network expects: (rgb / 255 - mean) / std. */
  input: z
    .strictObject({
      mean: z.tuple([channel, channel, channel]).default([0, 0, 0]),
      std: z.tuple([deviation, deviation, deviation]).default([1, 1, 1]),
    })
    .default({ mean: [0, 0, 0], std: [1, 1, 1] }),
  /** The names of the joints, in order of heatmaps or keypoints. */
  joints: z.array(line(100)).optional(),
  /** Where the network comes from. */
  source: line(1000).optional(),
  /** What it may be used under: an SPDX identifier. */
  licence: line(100).optional(),
  /** What it was trained on. */
  data: z.string().optional(),
  /** Published multiply-accumulate counts of the network. */
  published: z.record(z.string(), z.number()).optional(),
  training: training.optional(),
  gating: gating.optional(),
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
  const file = join(folder, CARD);
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
