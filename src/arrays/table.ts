/**
 * Unrolling tables: how each class of layer is mapped to the virtual PE arrays. The format is
 * documented in docs/unrolling-tables.md; the mapping explorer and `npm run tune` write it.
 */
import type { RowKernelName } from '../memory/kernels.js';
import type { VectorBits } from '../memory/vector-width.js';

/** The classes of layers: convolutions by kernel size, decisions (one output channel), the rest. */
export const LAYER_CLASSES = [
  '1x1',
  'kxk',
  'decision',
  'depthwise',
  'maxpool',
  'avgpool',
  'mean',
  'elementwise',
] as const;
export type LayerClass = (typeof LAYER_CLASSES)[number];

/** A microkernel that a table may choose: it computes tiles of `rows` pixels, for these layers. */
interface Microkernel {
  name: RowKernelName;
  rows: number;
  layers: readonly LayerClass[];
}

const CONVOLUTIONS: readonly LayerClass[] = ['1x1', 'kxk', 'decision'];

/** The microkernels. Elementwise layers have one for each operation, and nothing to choose. */
export const MICROKERNELS: readonly Microkernel[] = [
  { name: 'f32_igemm_6x8', rows: 6, layers: CONVOLUTIONS },
  { name: 'f32_igemm_6x16', rows: 6, layers: CONVOLUTIONS },
  { name: 'f32_igemm_1x32', rows: 1, layers: CONVOLUTIONS },
  { name: 'f32_igemm_4x1', rows: 4, layers: CONVOLUTIONS },
  { name: 'f32_dwconv_8x4', rows: 8, layers: ['depthwise'] },
  { name: 'f32_dwconv_8x8', rows: 8, layers: ['depthwise'] },
  { name: 'f32_maxpool', rows: 4, layers: ['maxpool'] },
  { name: 'f32_avgpool', rows: 4, layers: ['avgpool'] },
  { name: 'f32_mean', rows: 1, layers: ['mean'] },
];

/** The least and the most of a number, both included. */
export type Range = readonly [least: number, most: number];

/** What entries match on, all of it numbers of one layer. */
export const MATCHED = ['taps', 'inChannels', 'outChannels', 'pixels', 'share'] as const;

/** A layer as a table sees it. */
export type LayerShape = Record<(typeof MATCHED)[number], number> & {
  layer: LayerClass;
  /** The name of the layer's filter, where it is known. */
  name?: string | undefined;
};

/** Which layers an entry is for: all that is given has to hold. */
export type Match = Partial<Record<(typeof MATCHED)[number], Range>> & {
  layer: LayerClass;
  /** Exactly this layer, by the name of its filter in the model. */
  name?: string;
};

/** The temporal mapping: in which portions a layer goes through its rows (pixels). */
export interface TemporalMapping {
  /**
   * Rows of a block, within which panels of output channels are the outer loop and tiles of rows the
   * inner one. As few as a tile has makes rows the outer loop, more than there are, the panels.
   */
  rowBlock: number;
  /** Bytes that the rows in flight in a strip of fused layers should not exceed. */
  stripBytes: number;
  /** The fewest rows of a strip: each strip reads all weights. */
  stripRows: number;
  /** The fewest rows that are worth another lane. */
  bandRows: number;
  /** The width of a kernel over few dense channels is folded into the channels. */
  foldWidth: boolean;
}

/** How the layers that match are mapped. */
export interface Entry {
  match: Match;
  /** The virtual PE array: 0 for classical layers, 1 for depthwise, decision layers and the rest. */
  array: 0 | 1;
  /** The microkernel, which is the spatial unrolling: pixels x output channels; null: elementwise. */
  kernel: RowKernelName | null;
  /** Rows of the microkernel's tile. */
  tileRows: number;
  temporal: TemporalMapping;
}

/** How a layer that has a choice of microkernels is mapped. */
export type KernelEntry = Entry & { kernel: RowKernelName };

/** An unrolling table, validated. */
export interface UnrollingTable {
  /** What the table was made for, for people. */
  hardware: string;
  vectorBits: VectorBits;
  /** In order: of those with a name, then of those without, the first that matches holds. */
  entries: Entry[];
}
