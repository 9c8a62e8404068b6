import { macs, type Layer, type Workload } from './layer.js';

/** One way by which values of a layer come into a tensor. */
export interface Origin {
  /** Index of the layer. */
  readonly layer: number;
  /** The decision layer of a mask that the values were multiplied by on their way. */
  readonly mask?: number;
  /** Whether pixel p of the tensor is made of pixel p of the layer's output. */
  readonly pixelwise: boolean;
}

/** A tensor of a network, as far as layers are concerned. */
export interface Tensor {
  /** Channels last; -1 for a dimension that is not known. Undefined if the rank is not known. */
  readonly shape: readonly number[] | undefined;
  readonly origins: readonly Origin[];
  /** The layer with one output channel that this tensor was made of pixel by pixel: maybe a mask. */
  readonly decision?: number;
  /** Elements of a small integer tensor, NaN where they are not known; shapes are computed of them. */
  readonly data?: readonly number[];
}

/** Who reads a layer's values. */
export interface Use {
  /** Index of the layer that reads them; undefined for the network's outputs. */
  readonly by: number | undefined;
  readonly origin: Origin;
}

/** The layers of a network, and who reads what of them. */
export interface Network {
  readonly layers: readonly Layer[];
  /** For each layer, its readers. */
  readonly uses: readonly (readonly Use[])[];
}

/** A workload whose layers read all of each other's pixels. */
export function networkOf({ layers }: Workload): Network {
  const uses: Use[][] = layers.map(() => []);
  layers.forEach(({ inputs }, by) => {
    for (const layer of inputs.flatMap(({ sources }) => sources)) {
      uses[layer].push({ by, origin: { layer, pixelwise: false } });
    }
  });
  return { layers, uses };
}

/** Collects the layers of a network while a model is read, in an order in which they can run. */
export class NetworkBuilder {
  private readonly layers: Layer[] = [];
  private readonly uses: Use[][] = [];

  /** An input of the network, or weights. */
  static constant(shape: readonly number[] | undefined, data?: readonly number[]): Tensor {
    return { shape, origins: [], data };
  }

  /** A layer that reads tensors; its sources are filled in here. */
  layer(layer: Layer, operands: readonly Tensor[], shape: readonly number[]): Tensor {
    const index = this.layers.length;
    const computed = layer.inputs.filter(({ constant }) => !constant);
    const inputs = layer.inputs.map((input) => {
      const operand = operands[computed.length === 1 ? 0 : computed.indexOf(input)];
      return input.constant ? input : { ...input, sources: sourcesOf(operand) };
    });
    this.layers.push({ ...layer, inputs });
    this.uses.push([]);
    for (const operand of operands) this.use(operand, index);
    const single = shape.length === 4 && shape[3] === 1;
    return {
      shape,
      origins: [{ layer: index, pixelwise: true }],
      ...(single && { decision: index }),
    };
  }

  /** Gives the layer that was added last the name of its weights. */
  nameFilter(filter: string): void {
    const last = this.layers.length - 1;
    this.layers[last] = { ...this.layers[last], filter };
  }

  /** The layer with the most multiply-accumulates. */
  dearest(layers: readonly number[]): number {
    const work = (layer: number): number => macs(this.layers[layer]);
    return layers.reduce((a, b) => (work(b) > work(a) ? b : a));
  }

  /** An operation that is no layer and makes each pixel of the same pixel of its operands. */
  static pixelwise(operands: readonly Tensor[], shape: readonly number[] | undefined): Tensor {
    const decisions = new Set(
      operands.map(({ decision }) => decision).filter((d) => d !== undefined),
    );
    const [decision] = decisions;
    const traced = operands.every(
      ({ decision, origins }) => decision !== undefined || !origins.length,
    );
    return { shape, origins: unite(operands), ...(decisions.size === 1 && traced && { decision }) };
  }

  /** Any other operation that is no layer. */
  static opaque(operands: readonly Tensor[], shape: readonly number[] | undefined): Tensor {
    const origins = unite(operands).map((origin) => ({ ...origin, pixelwise: false }));
    return { shape, origins };
  }

  /** Features, multiplied by a mask, which has a decision: where it is zero, nobody needs them. */
  static masked(features: Tensor, mask: Tensor, shape: readonly number[] | undefined): Tensor {
    const origins = features.origins.map((origin) =>
      origin.pixelwise && origin.mask === undefined ? { ...origin, mask: mask.decision } : origin,
    );
    // What reads the product depends on the mask, too.
    return { shape, origins: unite([{ shape, origins }, NetworkBuilder.opaque([mask], shape)]) };
  }

  /** A tensor that the network's user reads. */
  output(tensor: Tensor): void {
    this.use(tensor, undefined);
  }

  finish(): Network {
    const masks = new Set(this.uses.flat().map(({ origin }) => origin.mask));
    const layers = this.layers.map((layer, index) =>
      masks.has(index) && layer.type === 'Conv' ? { ...layer, type: 'Decision' } : layer,
    );
    return { layers, uses: this.uses };
  }

  private use(tensor: Tensor, by: number | undefined): void {
    for (const origin of tensor.origins) this.uses[origin.layer].push({ by, origin });
  }
}

function sourcesOf(tensor: Tensor | undefined): number[] {
  return [...new Set((tensor?.origins ?? []).map(({ layer }) => layer))];
}

function unite(operands: readonly Tensor[]): Origin[] {
  const byKey = new Map<string, Origin>();
  for (const origin of operands.flatMap(({ origins }) => origins)) {
    byKey.set(`${origin.layer} ${origin.mask} ${origin.pixelwise}`, origin);
  }
  return [...byKey.values()];
}
