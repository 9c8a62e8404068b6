import { LayerError } from './layer-error.js';
import { NetworkBuilder, type Tensor } from './network.js';
import {
  addition,
  convolution,
  DEFAULT_PRECISION,
  gemm,
  pooling,
  type Extent,
  type Identity,
  type Window,
} from './operators.js';

/** How a window meets the border: TensorFlow's names, or rows and columns of zeros. */
export type Padding = 'same' | 'valid' | readonly [Extent, Extent];

/** A window, as a model describes it. */
export interface WindowSpec {
  readonly kernel: Extent;
  readonly strides: Extent;
  readonly dilations: Extent;
  readonly padding: Padding;
}

/** Adds layers over feature maps [batch, rows, columns, channels] to a network. */
export class FeatureLayers {
  constructor(private readonly builder: NetworkBuilder) {}

  /** @param kernelChannels input channels that each filter reads */
  convolution(
    name: string,
    input: Tensor,
    spec: WindowSpec,
    kernelChannels: number,
    filters: number,
  ): Tensor {
    const [batch, rows, columns, channels] = featureMap(input);
    const { output, window } = slide([rows, columns], spec);
    if (kernelChannels < 1 || channels % kernelChannels !== 0) {
      throw new LayerError(`${channels} channels, but its filters read ${kernelChannels}`);
    }
    const groups = channels / kernelChannels;
    const layer = convolution(identity(name, 'Conv'), {
      batch,
      groups,
      inChannels: kernelChannels,
      outChannels: Math.max(1, Math.floor(filters / groups)),
      input: [rows, columns],
      output,
      window,
    });
    return this.builder.layer(layer, [input], [batch, ...output, filters]);
  }

  depthwise(name: string, input: Tensor, spec: WindowSpec, multiplier: number): Tensor {
    const [batch, rows, columns, channels] = featureMap(input);
    const { output, window } = slide([rows, columns], spec);
    const layer = convolution(identity(name, 'DepthwiseConv'), {
      batch,
      groups: channels,
      inChannels: 1,
      outChannels: multiplier,
      input: [rows, columns],
      output,
      window,
    });
    return this.builder.layer(layer, [input], [batch, ...output, channels * multiplier]);
  }

  /**
   * A transposed convolution: of the kernel, each output pixel meets the part that falls on input
   * pixels, `kernel / strides` taps along each axis.
   */
  transposed(
    name: string,
    input: Tensor,
    { kernel, strides }: Pick<WindowSpec, 'kernel' | 'strides'>,
    filters: number,
    output: Extent,
  ): Tensor {
    const [batch, rows, columns, channels] = featureMap(input);
    const taps: Extent = [Math.ceil(kernel[0] / strides[0]), Math.ceil(kernel[1] / strides[1])];
    const layer = convolution(identity(name, 'ConvTranspose'), {
      batch,
      groups: 1,
      inChannels: channels,
      outChannels: filters,
      input: [rows, columns],
      output,
      window: {
        kernel: taps,
        strides: [1, 1],
        dilations: [1, 1],
        padding: [
          [0, 0],
          [0, 0],
        ],
      },
    });
    const { origins, shape } = this.builder.layer(layer, [input], [batch, ...output, filters]);
    // Its pixels are not the input's.
    return { shape, origins };
  }

  pool(name: string, type: string, input: Tensor, spec: WindowSpec): Tensor {
    const [batch, rows, columns, channels] = featureMap(input);
    const { output, window } = slide([rows, columns], spec);
    const shape = { batch, channels, input: [rows, columns] as const, output, window };
    const layer = pooling(identity(name, type), shape);
    return this.builder.layer(layer, [input], [batch, ...output, channels]);
  }

  /**
   * A sum of feature maps, two at a time. Where several layers say one number of each pixel, as for the
   * logits of a mask, the sum is what the dearest of them decides.
   */
  add(name: string, operands: readonly Tensor[]): Tensor {
    const [batch, rows, columns, channels] = featureMap(operands[0]);
    const sum = operands.slice(1).reduce<Tensor>((sum, operand, index) => {
      const own = index === 0 ? name : `${name}#${index + 1}`;
      const layer = addition(identity(own, 'Add'), { batch, channels, output: [rows, columns] });
      return this.builder.layer(layer, [sum, operand], [batch, rows, columns, channels]);
    }, operands[0]);
    const decisions = operands.map(({ decision }) => decision).filter((d) => d !== undefined);
    return decisions.length === operands.length
      ? { ...sum, decision: this.builder.dearest(decisions) }
      : sum;
  }

  /** A matrix product; of two computed matrices if there are two operands. */
  product(
    name: string,
    operands: readonly Tensor[],
    shape: { outer: readonly number[]; rows: number; inner: number; columns: number },
  ): Tensor {
    const { outer, rows, inner, columns } = shape;
    const sizes = [...outer, rows, inner, columns];
    if (outer.length > 2 || sizes.some((size) => !(size >= 1))) {
      throw new LayerError(`a matrix product of the sizes [${sizes}]`);
    }
    const [batch, heads] = outer;
    const layer = gemm(
      { ...identity(name, 'Gemm'), sources: operands.map(() => []) },
      { batch, heads, rows, inner, columns },
    );
    return this.builder.layer(layer, operands, [...outer, rows, columns]);
  }
}

/** Sources are filled in when the layer is added. */
function identity(name: string, type: string): Identity {
  return { name, type, sources: [], precision: DEFAULT_PRECISION };
}

function featureMap({ shape }: Tensor): readonly [number, number, number, number] {
  if (!shape) throw new LayerError('the shape of its input is not known');
  if (shape.length !== 4 || shape.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new LayerError(
      `its input has the shape [${shape}]: expected [batch, rows, columns, channels], all known`,
    );
  }
  const [batch, rows, columns, channels] = shape;
  return [batch, rows, columns, channels];
}

/** The output of a window, and what of the border it covers. */
function slide(input: Extent, spec: WindowSpec): { output: Extent; window: Window } {
  const { kernel, strides, dilations, padding } = spec;
  if ([...kernel, ...strides, ...dilations].some((size) => !Number.isInteger(size) || size < 1)) {
    throw new LayerError(`a kernel of [${kernel}], strides [${strides}], dilations [${dilations}]`);
  }
  const along = (axis: 0 | 1): { size: number; pads: Extent } => {
    const reach = (kernel[axis] - 1) * dilations[axis] + 1;
    const stride = strides[axis];
    if (padding === 'same') {
      const size = Math.ceil(input[axis] / stride);
      const total = Math.max(0, (size - 1) * stride + reach - input[axis]);
      return { size, pads: [Math.floor(total / 2), Math.ceil(total / 2)] };
    }
    const pads: Extent = padding === 'valid' ? [0, 0] : padding[axis];
    return { size: Math.floor((input[axis] + pads[0] + pads[1] - reach) / stride) + 1, pads };
  };
  const [rows, columns] = [along(0), along(1)];
  if (rows.size < 1 || columns.size < 1) {
    throw new LayerError(`a kernel of [${kernel}] does not fit into [${input}] pixels`);
  }
  return {
    output: [rows.size, columns.size],
    window: { kernel, strides, dilations, padding: [rows.pads, columns.pads] },
  };
}
