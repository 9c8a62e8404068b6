import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Evaluation } from '../graph/evaluation.js';
import { whole } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import type { LayerRecord } from '../graph/record.js';
import { Rows } from '../graph/rows.js';
import { MOST_TAPS } from '../graph/window.js';
import type { Window } from '../graph/window.js';
import { recordLayer, recordRun } from '../profiler.js';
import { weightName } from '../weight-names.js';
import { Activation } from '../lowering/activation.js';
import { windowOf } from '../lowering/conv-geometry.js';
import { inMemory, isVector } from '../lowering/operand.js';
import { deferActivated } from './activated.js';
import { unpadded } from './pad.js';
import { present, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { isEmpty } from '../wasm-kernels.js';

/** A convolution's attributes, and what is fused to it. */
export interface Convolution {
  readonly name: string;
  readonly window: Window;
  readonly activation: Activation;
  readonly hasBias: boolean;
  readonly record: LayerRecord | null;
  /** The filter's name in the model, where it is known. */
  readonly filterName: string | undefined;
}

/** Computed operands of a convolution; the input may be pending. */
export interface Operands {
  x: Rows;
  filter: Rows;
  bias: Rows | null;
}

/** What the two kinds of convolution share: the region rule, weights, bias and activation. */
export abstract class ConvolutionPrimitive implements Primitive {
  readonly name: string;

  constructor(protected readonly convolution: Convolution) {
    this.name = convolution.name;
  }

  /** The rows before what the activation does beyond bounds; takes over the operands. */
  protected abstract convolve(
    operands: Operands,
    node: Node,
    want: PixelSet,
    evaluation: Evaluation,
  ): Rows;

  get zeros(): Primitive['zeros'] {
    const { activation, hasBias } = this.convolution;
    if (activation.bounds.min === 0) return 'made';
    return hasBias || activation.nonNegative ? undefined : 'kept';
  }

  get reach(): number {
    return this.convolution.window.reach;
  }

  /** Region rule: every window of a wanted pixel, or the same pixels for a 1x1 kernel. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const { window, hasBias, record, activation } = this.convolution;
    const [xView, filterView, ...rest] = node.inputs as [View, View, ...View[]];
    const field = window.receptiveField(evaluation.runtime, want);
    const x = yield { view: xView, want: field };
    field.release();
    const filter = inMemory(filterView) ?? (yield* whole(filterView));
    const bias = hasBias ? (inMemory(rest[0]) ?? (yield* whole(rest[0]))) : null;
    const alphaView = rest[hasBias ? 1 : 0];
    const alpha = alphaView ? (inMemory(alphaView) ?? (yield* whole(alphaView))) : null;
    recordRun(record, want);
    const rows = this.convolve({ x, filter, bias }, node, want, evaluation);
    return activation.apply(rows, alpha, want, evaluation);
  }
}

interface Attributes {
  strides: [number, number] | number;
  pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  dilations?: [number, number] | number | null;
  dataFormat?: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** A kernel of a convolution, depthwise (one filter a channel) or not. */
export function convolutionOperation(
  name: string,
  isDepthwise: boolean,
  create: (convolution: Convolution) => Primitive,
): Operation {
  return {
    name,
    defer(call: Call): TensorInfo | null {
      const { inputs, attrs, backend } = call;
      const x = required(call, 'x');
      const filter = required(call, 'filter');
      const bias = inputs.bias ?? null;
      const prelu = inputs.preluActivationWeights ?? null;
      const options = attrs as unknown as Attributes;
      const { dataFormat = 'NHWC' } = options;
      if (dataFormat !== 'NHWC' || x.dtype !== 'float32' || filter.dtype !== 'float32') return null;
      const info = tf.backend_util.computeConv2DInfo(
        x.shape as [number, number, number, number],
        filter.shape as [number, number, number, number],
        options.strides,
        options.dilations ?? 1,
        options.pad,
        options.dimRoundingMode,
        isDepthwise,
      );
      // Grouped filters, and several filters a channel, are not of these kernels.
      if (isDepthwise ? filter.shape[3] !== 1 : info.inChannels !== filter.shape[2]) return null;
      const { outChannels, outShape } = info;
      const activation = Activation.of(attrs, prelu, outChannels);
      if (!activation) return null;
      if (bias?.dtype === 'float32' && isVector(bias.shape, 1) && outChannels > 1) {
        const plain = { ...call, inputs: { x, filter }, attrs: { ...attrs, activation: 'linear' } };
        const sum = this.defer(plain);
        return sum && deferActivated(name, sum, backend, { bias, slopes: prelu, activation });
      }
      if (bias && (bias.dtype !== 'float32' || !isVector(bias.shape, outChannels))) return null;
      const { view: source, window } = unpadded(x, windowOf(info));
      if (isEmpty(outShape) || window.taps > MOST_TAPS) return null;
      const operands = present(source, filter, bias, prelu);
      const inChannels = isDepthwise ? 1 : info.inChannels;
      const record = recordLayer(name, operands, outShape, {
        filter: call.tensors.filter?.dataId ?? null,
        macsPerPixel: window.taps * inChannels * outChannels,
      });
      const hasBias = bias !== null;
      const filterName = weightName(call.tensors.filter);
      const convolution = { name, window, activation, hasBias, record, filterName };
      const primitive = create(convolution);
      return backend.defer(primitive, operands, outShape, 'float32', activation.nonNegative);
    },
  };
}
