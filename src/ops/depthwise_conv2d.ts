import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import { route } from '../arrays/routing.js';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { whole } from '../graph/node.js';
import type { Node, Primitive, Steps, View } from '../graph/node.js';
import type { PixelSet } from '../graph/pixels.js';
import type { LayerRecord } from '../graph/record.js';
import { MOST_TAPS } from '../graph/window.js';
import type { Window } from '../graph/window.js';
import { recordLayer, recordRun } from '../profiler.js';
import { Activation } from './activation.js';
import { windowOf } from './conv_geometry.js';
import { isVector } from './operand.js';
import { present, required } from './operation.js';
import type { Call, Operation } from './operation.js';

/** A depthwise convolution (one filter a channel) with what is fused to it. */
class DepthwiseConv2D implements Primitive {
  constructor(
    readonly name: string,
    private readonly backend: DynconvBackend,
    private readonly window: Window,
    private readonly activation: Activation,
    private readonly hasBias: boolean,
    private readonly record: LayerRecord | null,
  ) {}

  /** Region rule: every window of a wanted pixel. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [xView, filterView, ...rest] = node.inputs as [View, View, ...View[]];
    const field = this.window.receptiveField(evaluation.runtime, want);
    const x = yield { view: xView, want: field };
    field.release();
    const filter = yield* whole(filterView);
    const bias = this.hasBias ? yield* whole(rest[0]) : null;
    const alphaView = rest[this.hasBias ? 1 : 0];
    const alpha = alphaView ? yield* whole(alphaView) : null;
    recordRun(this.record, want);
    const { channels } = xView;
    const choice = route('depthwise', { inChannels: channels, outChannels: channels });
    if (this.record) this.record.variant = choice.kernel;
    const rows = evaluation.produce(want, channels, {
      kernel: choice.kernel,
      command: new Command()
        .window(this.window.geometry)
        .channels(channels)
        .weights(filter.pointer, bias?.pointer)
        .bounds(this.activation.bounds)
        .rowBlock(choice.rowBlock),
      inputs: [x],
      weights: bias ? [filter, bias] : [filter],
      window: this.window,
      record: this.record,
    });
    return this.activation.apply(rows, alpha, want, this.backend, evaluation);
  }
}

function depthwise(name: string): Operation {
  return {
    name,
    defer(call: Call): TensorInfo | null {
      const { inputs, attrs, backend } = call;
      const x = required(call, 'x');
      const filter = required(call, 'filter');
      const bias = inputs.bias ?? null;
      const prelu = inputs.preluActivationWeights ?? null;
      const { strides, pad, dilations, dimRoundingMode } = attrs as unknown as {
        strides: [number, number] | number;
        pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
        dilations: [number, number] | number | null;
        dimRoundingMode?: 'floor' | 'round' | 'ceil';
      };
      const { dataFormat = 'NHWC' } = attrs as { dataFormat?: string };
      if (dataFormat !== 'NHWC' || x.dtype !== 'float32' || filter.dtype !== 'float32') return null;
      if (filter.shape[3] !== 1) return null;
      const info = tf.backend_util.computeConv2DInfo(
        x.shape as [number, number, number, number],
        filter.shape as [number, number, number, number],
        strides,
        dilations ?? [1, 1],
        pad,
        dimRoundingMode,
        true,
      );
      const channels = info.outChannels;
      if (bias && (bias.dtype !== 'float32' || !isVector(bias.shape, channels))) {
        return null;
      }
      if (tf.util.sizeFromShape(info.outShape) === 0) return null;
      const window = windowOf(info);
      if (window.taps > MOST_TAPS) return null;
      const activation = Activation.of(attrs, prelu, channels);
      if (!activation) return null;
      const tensors = present(x, filter, bias, prelu);
      const record = recordLayer(name, tensors, info.outShape, {
        filter: filter.dataId,
        macsPerPixel: info.filterHeight * info.filterWidth * channels,
      });
      const hasBias = bias !== null;
      const primitive = new DepthwiseConv2D(name, backend, window, activation, hasBias, record);
      return backend.defer(primitive, tensors, info.outShape, 'float32', activation.nonNegative);
    },
  };
}

export const depthwiseConvolutions: Operation[] = [
  depthwise(tf.DepthwiseConv2dNative),
  depthwise(tf.FusedDepthwiseConv2D),
];
