import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import { route } from '../arrays/routing.js';
import type { LayerClass } from '../arrays/table.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import type { LayerRecord } from '../graph/record.js';
import { MOST_TAPS } from '../graph/window.js';
import type { Window } from '../graph/window.js';
import { recordLayer, recordRun } from '../profiler.js';
import { windowOf } from '../lowering/conv-geometry.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { isEmpty } from '../wasm-kernels.js';

type Kind = Extract<LayerClass, 'maxpool' | 'avgpool' | 'mean'>;

/** Max or average pooling, or the mean of whole images. */
export class Pool implements Primitive {
  readonly zeros = 'kept';

  constructor(
    readonly name: string,
    private readonly kind: Kind,
    private readonly window: Window,
    private readonly record: LayerRecord | null,
  ) {}

  get reach(): number {
    return this.window.reach;
  }

  /** Region rule: every window of a wanted pixel. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const field = this.window.receptiveField(evaluation.runtime, want);
    const x = yield { view, want: field };
    field.release();
    // A mean reads all of its input before there is anything to hand on.
    if (this.kind === 'mean') evaluation.compute(x);
    recordRun(this.record, want);
    // As on the cpu backend, where even NaN is the largest of one value.
    if (this.window.isPixelwise) return x;
    const channels = channelsOf(node);
    const entry = route({
      layer: this.kind,
      taps: this.window.taps,
      inChannels: channels,
      outChannels: channels,
      pixels: want.total,
      share: want.count / want.total,
    });
    const { kernel } = entry;
    if (this.record) this.record.variant = kernel;
    return evaluation.produce(want, channels, {
      kernel,
      command: new Command().window(this.window.geometry).channels(channels),
      inputs: [x],
      window: this.window,
      entry,
      record: this.record,
    });
  }
}

function pool(name: string, kind: Kind): Operation {
  return {
    name,
    defer(call: Call): TensorInfo | null {
      const { attrs, backend } = call;
      const x = required(call, 'x');
      const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
        filterSize: [number, number] | number;
        strides: [number, number] | number;
        pad: Parameters<typeof tf.backend_util.computePool2DInfo>[4];
        dimRoundingMode?: 'floor' | 'round' | 'ceil';
      };
      if (x.dtype !== 'float32' || x.shape.length !== 4) return null;
      const shape = x.shape as [number, number, number, number];
      const info = tf.backend_util.computePool2DInfo(
        shape,
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
      );
      if (isEmpty(info.outShape)) return null;
      const isIdentity =
        info.filterHeight * info.filterWidth === 1 && tf.util.arraysEqual(shape, info.outShape);
      // As on the cpu backend, whatever the strides and the padding that lead there.
      const plain = {
        strideHeight: 1,
        strideWidth: 1,
        padInfo: { ...info.padInfo, top: 0, left: 0 },
      };
      const window = windowOf(isIdentity ? { ...info, ...plain } : info);
      const isMean = kind === 'avgpool' && window.isGlobal;
      if (window.taps > MOST_TAPS && !isMean) return null;
      const record = recordLayer(name, [x], info.outShape, { filter: null, macsPerPixel: 0 });
      const primitive = new Pool(name, isMean ? 'mean' : kind, window, record);
      // The largest of no value is -Infinity.
      const nonNegative = x.nonNegative && (kind !== 'maxpool' || window.alwaysReads);
      return backend.defer(primitive, [x], info.outShape, 'float32', nonNegative);
    },
  };
}

export const pools: Operation[] = [pool(tf.MaxPool, 'maxpool'), pool(tf.AvgPool, 'avgpool')];
