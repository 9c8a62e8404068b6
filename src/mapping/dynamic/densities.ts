import * as z from 'zod';
import { YamlFile } from '../yaml-file.js';
import { loopSize } from '../workload/layer.js';
import type { Network } from '../workload/network.js';
import { InputError } from '../problem.js';
import { findRegions } from './regions.js';

const MAX_EXTENT = 16384;
const share = z.number().min(0).max(1);
const bitmap = z
  .strictObject({
    rows: z.int().min(1).max(MAX_EXTENT),
    columns: z.int().min(1).max(MAX_EXTENT),
    /** A string of 0 and 1 for each row. */
    pixels: z.array(z.string().regex(/^[01]+$/, 'expected pixels as 0 and 1')),
  })
  .refine(
    ({ rows, columns, pixels }) =>
      pixels.length === rows && pixels.every((row) => row.length === columns),
    'expected as many rows and columns of pixels as it says',
  );
const pixels = z.union(
  [share, bitmap],
  'expected a share from 0 to 1, or rows, columns and pixels',
);
const executed = z.strictObject({ executed: share });

const densityFile = z.strictObject({
  format: z.literal('dynconv-densities'),
  /** By layer: what of it is computed. */
  layers: z.record(z.string(), pixels).default({}),
  /** By decision layer: what its mask keeps, or what share of their work the layers behind it execute. */
  masks: z
    .record(
      z.string(),
      z.union(
        [share, executed, bitmap],
        'expected a share, {executed: share}, or rows, columns and pixels',
      ),
    )
    .default({}),
});

/** A recorded mask. */
export type Bitmap = z.output<typeof bitmap>;

/** What of a network is computed. */
export type Densities = z.output<typeof densityFile>;

/**
 * Reads a file of densities, in JSON or YAML:
 *
 *     {"format": "dynconv-densities",
 *      "layers": {"conv1": 0.25},
 *      "masks": {"block1/mask": {"rows": 2, "columns": 3, "pixels": ["010", "110"]},
 *                "block2/mask": 0.3, "block3/mask": {"executed": 0.11}}}
 *
 * @throws InputError with the line of what is wrong, of a name that the network lacks, or of a mask that
 *   no layer waits for
 */
export function parseDensities(name: string, text: string, network: Network): Densities {
  const file = YamlFile.parse(name, text, densityFile);
  const { layers } = network;
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const deciding = new Set(
    findRegions(network).map((region) => region && layers[region.mask].name),
  );
  const problems = (['layers', 'masks'] as const).flatMap((field) =>
    Object.entries(file.value[field]).flatMap(([key, value]) => {
      const layer = byName.get(key);
      if (!layer) return file.problem([field, key], `${field}: the network has no layer ${key}`);
      if (field === 'masks' && !deciding.has(key)) {
        const message = `masks.${key}: no layer waits for its mask: say under layers what of it is computed`;
        return file.problem([field, key], message);
      }
      const [rows, columns] = ['OY', 'OX'].map((dim) => loopSize(layer, dim));
      if (typeof value !== 'object' || !('pixels' in value)) return [];
      if (value.rows === rows && value.columns === columns) return [];
      const message = `${field}.${key}: ${value.rows}x${value.columns} pixels, but the layer has ${rows}x${columns}`;
      return file.problem([field, key], message);
    }),
  );
  if (problems.length > 0) throw new InputError(problems);
  return file.value;
}

export const NO_DENSITIES: Densities = { format: 'dynconv-densities', layers: {}, masks: {} };
