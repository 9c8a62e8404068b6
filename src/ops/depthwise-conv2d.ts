import * as tf from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import { route } from '../arrays/routing.js';
import type { Evaluation } from '../graph/evaluation.js';
import type { Node } from '../graph/node.js';
import type { PixelSet } from '../graph/pixels.js';
import { Epilogue } from '../graph/rows.js';
import type { Rows } from '../graph/rows.js';
import { ConvolutionPrimitive, convolutionOperation } from './convolution.js';
import type { Convolution, Operands } from './convolution.js';
import type { Operation } from '../lowering/operation.js';

/** A depthwise convolution: one filter a channel. */
class DepthwiseConv2D extends ConvolutionPrimitive {
  protected override convolve(
    { x, filter, bias }: Operands,
    _node: Node,
    want: PixelSet,
    evaluation: Evaluation,
  ): Rows {
    const { window, activation, record, filterName } = this.convolution;
    const { channels } = x;
    const entry = route({
      layer: 'depthwise',
      name: filterName,
      taps: window.taps,
      inChannels: channels,
      outChannels: channels,
      pixels: want.total,
      share: want.count / want.total,
    });
    const { kernel, temporal } = entry;
    if (record) record.variant = kernel;
    const command = new Command()
      .window(window.geometry)
      .channels(channels)
      .weights(filter.pointer, bias?.pointer)
      .bounds(activation.bounds)
      .rowBlock(temporal.rowBlock);
    const weights = bias ? [filter, bias] : [filter];
    const addBias = (vector: Rows) => {
      command.weights(filter.pointer, vector.pointer);
      weights.push(vector);
    };
    return evaluation.produce(want, channels, {
      kernel,
      command,
      inputs: [x],
      weights,
      ...(activation.isLinear && { epilogue: new Epilogue(bias ? null : addBias) }),
      window,
      entry,
      record,
    });
  }
}

const create = (convolution: Convolution) => new DepthwiseConv2D(convolution);

export const depthwiseConvolutions: Operation[] = [
  convolutionOperation(tf.DepthwiseConv2dNative, true, create),
  convolutionOperation(tf.FusedDepthwiseConv2D, true, create),
];
