import type { RowKernelName } from './kernels.js';

/** The classes of layers that an unrolling table routes. */
export const LAYER_CLASSES = ['conv', 'depthwise', 'maxpool', 'avgpool', 'mean'] as const;
export type LayerClass = (typeof LAYER_CLASSES)[number];

/** The kernels that each class of layer can run on. */
const KERNELS: Record<LayerClass, readonly RowKernelName[]> = {
  conv: ['f32_igemm_4x8', 'f32_igemm_4x1'],
  depthwise: ['f32_dwconv_4x8'],
  maxpool: ['f32_maxpool'],
  avgpool: ['f32_avgpool'],
  mean: ['f32_mean'],
};

/** How one class of layer, in a range of shapes, is mapped. */
export interface Entry {
  layer: LayerClass;
  /** Fewest and most output channels. */
  outChannels: [number, number];
  /** The virtual PE array: 0 for classical layers, 1 for depthwise, decision layers and pools. */
  array: 0 | 1;
  /** The microkernel, which is the spatial unrolling: pixels x output channels. */
  kernel: RowKernelName;
  /** Temporal mapping: rows of a block that is kept while a kernel goes through the channels. */
  rowBlock: number;
}

/** An unrolling table is not of the form that is expected. */
export class TableError extends Error {
  constructor(file: string, where: string, what: string) {
    super(`${file}: ${where} ${what}`);
    this.name = 'TableError';
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Validates an unrolling table.
 * @throws TableError that names the entry and the field
 */
export function parseTable(file: string, table: unknown): Entry[] {
  if (!isRecord(table) || !Array.isArray(table.entries)) {
    throw new TableError(file, 'entries', 'must be a list');
  }
  return table.entries.map((entry: unknown, index) => parseEntry(file, entry, index));
}

function parseEntry(file: string, entry: unknown, index: number): Entry {
  const fail = (field: string, what: string): never => {
    throw new TableError(file, `entries[${String(index)}].${field}`, what);
  };
  if (!isRecord(entry)) return fail('', 'must be an object');
  const { layer, outChannels, array, kernel, rowBlock } = entry;
  const layerClass = LAYER_CLASSES.find((name) => name === layer);
  if (!layerClass) return fail('layer', `must be one of ${LAYER_CLASSES.join(', ')}`);
  const range: unknown[] = Array.isArray(outChannels) ? outChannels : [];
  const [least, most] = range;
  if (typeof least !== 'number' || typeof most !== 'number' || least > most) {
    return fail('outChannels', 'must be [fewest, most]');
  }
  if (array !== 0 && array !== 1) return fail('array', 'must be 0 or 1');
  const choices = KERNELS[layerClass];
  const name = choices.find((choice) => choice === kernel);
  if (!name) return fail('kernel', `must be one of ${choices.join(', ')}`);
  if (typeof rowBlock !== 'number' || !Number.isInteger(rowBlock) || rowBlock < 4) {
    return fail('rowBlock', 'must be a whole number of at least 4');
  }
  return { layer: layerClass, outChannels: [least, most], array, kernel: name, rowBlock };
}
