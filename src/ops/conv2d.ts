import * as tf from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import { route } from '../arrays/routing.js';
import type { LayerClass } from '../arrays/table.js';
import type { Evaluation } from '../graph/evaluation.js';
import type { Node } from '../graph/node.js';
import type { PixelSet } from '../graph/pixels.js';
import { Epilogue } from '../graph/rows.js';
import type { Rows } from '../graph/rows.js';
import { channelsOf } from '../graph/view.js';
import { Window } from '../graph/window.js';
import { ConvolutionPrimitive, convolutionOperation } from './convolution.js';
import type { Convolution, Operands } from './convolution.js';
import { FilterLayout, packFilter } from '../lowering/packing.js';
import type { Operation } from '../lowering/operation.js';
import { pad } from './pad.js';

/** A convolution over all channels, as an indirect matrix product. */
export class Conv2D extends ConvolutionPrimitive {
  /** @param isFilterTransposed the filter's last two dimensions are [out, in] */
  constructor(
    convolution: Convolution,
    private readonly isFilterTransposed = false,
  ) {
    super(convolution);
  }

  protected override convolve(
    { x, filter, bias }: Operands,
    node: Node,
    want: PixelSet,
    evaluation: Evaluation,
  ): Rows {
    const { activation, record, filterName } = this.convolution;
    const [, filterView] = node.inputs;
    const outChannels = channelsOf(node);
    let { window } = this.convolution;
    let inChannels = x.channels;
    let input = x;
    const entry = route({
      layer: convolutionClass(window, outChannels),
      name: filterName,
      taps: window.taps,
      inChannels,
      outChannels,
      pixels: want.total,
      share: want.count / want.total,
    });
    const { kernel, temporal } = entry;
    if (temporal.foldWidth && canFoldWidth(window, x, want)) {
      const folded = foldWidth(window);
      inChannels *= window.geometry.kernelWidth;
      input = evaluation.compute(pad(x, folded.padding, 0, evaluation));
      window = folded.window;
    }
    if (record) record.variant = kernel;
    const command = new Command()
      .window(window.geometry)
      .channels(inChannels, outChannels)
      .bounds(activation.bounds)
      .rowBlock(temporal.rowBlock);
    const weights = bias ? [filter, bias] : [filter];
    const { taps } = window;
    const isTransposed = this.isFilterTransposed;
    const layout = new FilterLayout(kernel, taps, inChannels, outChannels, isTransposed);
    return evaluation.produce(want, outChannels, {
      kernel,
      command,
      inputs: [input],
      weights,
      ...(activation.isLinear && {
        epilogue: new Epilogue(bias ? null : (vector) => weights.push(vector)),
      }),
      // The bias is packed with the filter, and is known for sure only now.
      prepare() {
        const vector = weights[1]?.source ?? null;
        command.weights(packFilter(filterView.storage, layout, vector));
      },
      window: window.isPixelwise ? null : window,
      entry,
      record,
    });
  }
}

/** The class of a convolution over all channels. */
export function convolutionClass({ taps }: Window, outChannels: number): LayerClass {
  if (outChannels === 1) return 'decision';
  return taps === 1 ? '1x1' : 'kxk';
}

/** A kernel row over dense channels is one contiguous run of numbers: one tap of more channels. */
function canFoldWidth({ geometry }: Window, x: Rows, want: PixelSet): boolean {
  const { kernelWidth, dilationWidth } = geometry;
  if (kernelWidth === 1 || dilationWidth > 1) return false;
  return want.isAll && x.set.isAll;
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

const create = (convolution: Convolution) => new Conv2D(convolution);

export const convolutions: Operation[] = [
  convolutionOperation(tf.Conv2D, false, create),
  convolutionOperation(tf.FusedConv2D, false, create),
];
