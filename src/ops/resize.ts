import * as tf from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Fields } from '../arrays/command.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/node.js';
import type { Node, Primitive, Steps, View } from '../graph/node.js';
import { PixelSet } from '../graph/pixels.js';
import { anyDeferred, required } from './operation.js';
import type { Call, Operation } from './operation.js';

type Method = 'nearest' | 'bilinear';

/** Nearest-neighbour or bilinear resizing of images. */
class Resize implements Primitive {
  constructor(
    readonly name: string,
    private readonly method: Method,
    private readonly images: number,
    private readonly fields: Fields,
  ) {}

  /** Region rule: the one or four input pixels that a wanted pixel lies on or between. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const field = this.sources(want, view, evaluation);
    const x = evaluation.compute(yield { view, want: field });
    field.release();
    const channels = channelsOf(node);
    return evaluation.produce(want, channels, {
      kernel: `f32_resize_${this.method}`,
      command: new Command({ ...this.fields, InChannels: channels, OutChannels: channels }),
      inputs: [x],
      window: null,
      record: null,
    });
  }

  private sources(want: PixelSet, view: View, evaluation: Evaluation): PixelSet {
    if (want.isAll) return evaluation.all(view);
    const { runtime } = evaluation;
    const { arena, kernels } = runtime;
    const bitmap = arena.allocate(view.pixels);
    const command = arena.allocate(Command.bytes);
    new Command(this.fields).place(runtime, command);
    const mark = kernels[`set_resize_${this.method}`];
    mark(command, want.pixels, want.count, bitmap, this.images);
    arena.free(command);
    return PixelSet.fromBitmap(runtime, view.pixels, bitmap);
  }
}

function resize(name: string, method: Method): Operation {
  return {
    name,
    defer(call: Call) {
      const { attrs, backend } = call;
      const x = required(call, 'images');
      const { alignCorners, halfPixelCenters, size } = attrs as unknown as {
        alignCorners: boolean;
        halfPixelCenters: boolean;
        size: [number, number];
      };
      if (x.dtype !== 'float32' || x.shape.length !== 4 || !anyDeferred(backend, [x])) return null;
      const [images, height, width, channels] = x.shape as [number, number, number, number];
      const shape = [images, ...size, channels];
      if (tf.util.sizeFromShape(shape) === 0) return null;
      const primitive = new Resize(name, method, images, {
        InH: height,
        InW: width,
        OutH: size[0],
        OutW: size[1],
        Param0: alignCorners ? 1 : 0,
        Param1: halfPixelCenters ? 1 : 0,
      });
      return backend.defer(primitive, [x], shape, 'float32', backend.isNonNegative(x));
    },
  };
}

export const resizes: Operation[] = [
  resize(tf.ResizeNearestNeighbor, 'nearest'),
  resize(tf.ResizeBilinear, 'bilinear'),
];
