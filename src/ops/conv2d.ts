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
import type { Rows } from '../graph/rows.js';
import { MOST_TAPS, Window } from '../graph/window.js';
import { recordLayer, recordRun } from '../profiler.js';
import { Activation } from './activation.js';
import { windowOf } from './conv_geometry.js';
import { packFilter } from './packing.js';
import { isVector } from './operand.js';
import { present, required } from './operation.js';
import type { Call, Operation } from './operation.js';
import { pad } from './pad.js';

/** Inputs with at most this many channels have the kernel's width folded into their channels. */
const FEW_CHANNELS = 8;

/** A convolution with what is fused to it: bias and activation. */
class Conv2D implements Primitive {
  constructor(
    readonly name: string,
    private readonly backend: DynconvBackend,
    private readonly window: Window,
    private readonly activation: Activation,
    private readonly hasBias: boolean,
    private readonly record: LayerRecord | null,
  ) {}

  /** Region rule: every window of a wanted pixel, or the same pixels for a 1x1 kernel. */
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
    const rows = this.convolve(x, xView, filter, filterView, bias, want, evaluation);
    bias?.release();
    return this.activation.apply(rows, alpha, want, this.backend, evaluation);
  }

  private convolve(
    x: Rows,
    xView: View,
    filter: Rows,
    filterView: View,
    bias: Rows | null,
    want: PixelSet,
    evaluation: Evaluation,
  ): Rows {
    const outChannels = filterView.channels;
    let inChannels = xView.channels;
    let window = this.window;
    let input = x;
    if (this.foldsWidth(x, inChannels, want)) {
      const { kernelWidth } = window.geometry;
      const folded = foldWidth(window);
      input = evaluation.compute(pad(x, folded.padding, 0, evaluation));
      window = folded.window;
      inChannels *= kernelWidth;
    }
    const choice = route('conv', { inChannels, outChannels });
    const weights = packFilter(
      choice.kernel,
      filterView,
      bias?.source ?? null,
      window.taps,
      inChannels,
    );
    if (this.record) this.record.variant = choice.kernel;
    return evaluation.produce(want, outChannels, {
      kernel: choice.kernel,
      command: new Command()
        .window(window.geometry)
        .channels(inChannels, outChannels)
        .weights(weights)
        .bounds(this.activation.bounds)
        .rowBlock(choice.rowBlock),
      inputs: [input],
      weights: [filter],
      window: window.isPixelwise ? null : window,
      record: this.record,
    });
  }

  /** A kernel row over few dense channels is one contiguous run of numbers: one tap of more. */
  private foldsWidth(x: Rows, inChannels: number, want: PixelSet): boolean {
    const { kernelWidth, dilationWidth } = this.window.geometry;
    return (
      inChannels <= FEW_CHANNELS &&
      kernelWidth > 1 &&
      dilationWidth === 1 &&
      want.isAll &&
      x.set.isAll
    );
  }
}

/** The window over an input that is padded explicitly, with one column of taps. */
function foldWidth({ geometry }: Window): { padding: Window; window: Window } {
  const g = geometry;
  const span = (g.outHeight - 1) * g.strideHeight + (g.kernelHeight - 1) * g.dilationHeight + 1;
  const height = Math.max(span, g.padTop + 1);
  const width = (g.outWidth - 1) * g.strideWidth + g.kernelWidth;
  const padding = new Window({
    ...g,
    outHeight: height,
    outWidth: width,
    kernelHeight: 1,
    kernelWidth: 1,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
  });
  const window = new Window({
    ...g,
    inHeight: height,
    inWidth: width,
    kernelWidth: 1,
    padTop: 0,
    padLeft: 0,
  });
  return { padding, window };
}

function conv2d(name: string): Operation {
  return {
    name,
    defer(call: Call): TensorInfo | null {
      const { inputs, attrs, backend } = call;
      const x = required(call, 'x');
      const filter = required(call, 'filter');
      const bias = inputs.bias ?? null;
      const prelu = inputs.preluActivationWeights ?? null;
      const { strides, pad, dilations, dataFormat, dimRoundingMode } = attrs as unknown as {
        strides: [number, number] | number;
        pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
        dilations: [number, number] | number;
        dataFormat: 'NHWC' | 'NCHW';
        dimRoundingMode?: 'floor' | 'round' | 'ceil';
      };
      if (dataFormat !== 'NHWC' || x.dtype !== 'float32' || filter.dtype !== 'float32') return null;
      const info = tf.backend_util.computeConv2DInfo(
        x.shape as [number, number, number, number],
        filter.shape as [number, number, number, number],
        strides,
        dilations,
        pad,
        dimRoundingMode,
      );
      const channels = info.outChannels;
      if (bias && (bias.dtype !== 'float32' || !isVector(bias.shape, channels))) {
        return null;
      }
      if (info.inChannels !== filter.shape[2] || tf.util.sizeFromShape(info.outShape) === 0) {
        return null;
      }
      const window = windowOf(info);
      if (window.taps > MOST_TAPS) return null;
      const activation = Activation.of(attrs, prelu, channels);
      if (!activation) return null;
      const tensors = present(x, filter, bias, prelu);
      const record = recordLayer(name, tensors, info.outShape, {
        filter: filter.dataId,
        macsPerPixel: info.filterHeight * info.filterWidth * info.inChannels * channels,
      });
      const primitive = new Conv2D(name, backend, window, activation, bias !== null, record);
      return backend.defer(primitive, tensors, info.outShape, 'float32', activation.nonNegative);
    },
  };
}

export const convolutions: Operation[] = [conv2d(tf.Conv2D), conv2d(tf.FusedConv2D)];
