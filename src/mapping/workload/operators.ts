import type { InputOperand, Layer, Loop, Relation } from './layer.js';

/** Bits of an element of each operand of a layer. */
export interface Precision {
  readonly weights: number;
  readonly activations: number;
  readonly partialSums: number;
}

/** What ZigZag takes for a model that says nothing about it. */
export const DEFAULT_PRECISION: Precision = { weights: 8, activations: 8, partialSums: 16 };

/** A layer's name and operator type, and the layers that its inputs come from. */
export interface Identity {
  readonly name: string;
  readonly type: string;
  /** For each activation operand, indices into the workload's layers. */
  readonly sources: readonly (readonly number[])[];
  readonly precision: Precision;
}

/** The extent of a kernel, feature map, stride or dilation: rows, then columns. */
export type Extent = readonly [number, number];

/** How a kernel slides over a feature map. */
export interface Window {
  readonly kernel: Extent;
  readonly strides: Extent;
  readonly dilations: Extent;
  /** Rows above and below, columns left and right. */
  readonly padding: readonly [Extent, Extent];
}

/** The shape of a layer with a sliding window. */
export interface WindowedShape {
  readonly batch: number;
  readonly input: Extent;
  readonly output: Extent;
  readonly window: Window;
}

export interface ConvolutionShape extends WindowedShape {
  readonly groups: number;
  /** Of each group. */
  readonly inChannels: number;
  readonly outChannels: number;
}

/** `O[b][g][k][oy][ox] += W[g][k][c][fy][fx] * I[b][g][c][iy][ix]`; depthwise with a group a channel. */
export function convolution(identity: Identity, shape: ConvolutionShape): Layer {
  const { batch, groups, inChannels, outChannels, output, window } = shape;
  return {
    ...named(identity),
    loops: loops({
      B: batch,
      K: outChannels,
      G: groups,
      OX: output[1],
      OY: output[0],
      C: inChannels,
      FX: window.kernel[1],
      FY: window.kernel[0],
    }),
    relations: relations(shape),
    output: outputOperand(identity, ['B', 'G', 'K', 'OY', 'OX']),
    inputs: [
      weights(identity, ['G', 'K', 'C', 'FY', 'FX']),
      activations(identity, 0, 'I', ['B', 'G', 'C', 'IY', 'IX']),
    ],
  };
}

/** `O[b][g][oy][ox] += I[b][g][iy][ix]`; the maximum of a window costs what its sum does. */
export function pooling(identity: Identity, shape: WindowedShape & { channels: number }): Layer {
  const { batch, channels, output, window } = shape;
  return {
    ...named(identity),
    loops: loops({
      B: batch,
      G: channels,
      OY: output[0],
      OX: output[1],
      FX: window.kernel[1],
      FY: window.kernel[0],
    }),
    relations: relations(shape),
    output: outputOperand(identity, ['B', 'G', 'OY', 'OX']),
    inputs: [activations(identity, 0, 'I', ['B', 'G', 'IY', 'IX'])],
  };
}

/** `O[b][g][oy][ox] = W[b][g][oy][ox] + I[b][g][oy][ox]`: both operands are feature maps. */
export function addition(
  identity: Identity,
  shape: { batch: number; channels: number; output: Extent },
): Layer {
  const dims = ['B', 'G', 'OY', 'OX'];
  const { batch, channels, output } = shape;
  return {
    ...named(identity),
    loops: loops({ B: batch, G: channels, OY: output[0], OX: output[1] }),
    relations: [],
    output: outputOperand(identity, dims),
    inputs: [activations(identity, 0, 'W', dims), activations(identity, 1, 'I', dims)],
  };
}

/** The shape of a matrix product of `rows` by `inner` and `inner` by `columns`. */
export interface GemmShape {
  readonly batch?: number;
  readonly heads?: number;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/**
 * `O[b][h][d][k] += I[b][h][d][c] * W[b][h][c][k]`, without the batch and the heads that the shape
 * lacks. With sources of one operand, W is a constant matrix; with two it is computed.
 */
export function gemm(identity: Identity, shape: GemmShape): Layer {
  const { batch, heads, rows, inner, columns } = shape;
  const outer = [...(batch ? ['B'] : []), ...(heads ? ['H'] : [])];
  return {
    ...named(identity),
    loops: loops({
      C: inner,
      D: rows,
      K: columns,
      ...(batch && { B: batch }),
      ...(heads && { H: heads }),
    }),
    relations: [],
    output: outputOperand(identity, [...outer, 'D', 'K']),
    inputs: [
      activations(identity, 0, 'I', [...outer, 'D', 'C']),
      identity.sources.length < 2
        ? weights(identity, ['C', 'K'])
        : activations(identity, 1, 'W', [...outer, 'C', 'K']),
    ],
  };
}

function named({ name, type }: Identity): Pick<Layer, 'name' | 'type'> {
  return { name, type };
}

function loops(sizes: Readonly<Record<string, number>>): Loop[] {
  return Object.entries(sizes).map(([dim, size]) => ({ dim, size }));
}

function relations({ input, window }: WindowedShape): Relation[] {
  const along = (axis: 0 | 1, name: string): Relation => ({
    dim: `I${name}`,
    dims: [`O${name}`, `F${name}`],
    coefficients: [window.strides[axis], window.dilations[axis]],
    padding: window.padding[axis],
    size: input[axis],
  });
  return [along(1, 'X'), along(0, 'Y')];
}

function outputOperand({ precision }: Identity, dims: readonly string[]): Layer['output'] {
  const { partialSums, activations } = precision;
  return { name: 'O', dims, precision: partialSums, finalPrecision: activations };
}

function weights({ precision }: Identity, dims: readonly string[]): InputOperand {
  return { name: 'W', dims, precision: precision.weights, sources: [], constant: true };
}

function activations(
  { precision, sources }: Identity,
  operand: number,
  name: string,
  dims: readonly string[],
): InputOperand {
  return {
    name,
    dims,
    precision: precision.activations,
    sources: sources[operand] ?? [],
    constant: false,
  };
}
