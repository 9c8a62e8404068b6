import * as tf from '@tensorflow/tfjs-core';
import { Command } from '../arrays/command.js';
import type { Evaluation } from '../graph/evaluation.js';
import { channelsOf } from '../graph/view.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import { isDeferredOrLarge, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';

type Method = 'nearest' | 'bilinear';

/** Heights and widths of the images, before and after. */
interface Size {
  height: number;
  width: number;
  outHeight: number;
  outWidth: number;
}

/** Nearest-neighbour or bilinear resizing of images. */
class Resize implements Primitive {
  readonly zeros = 'kept';

  constructor(
    readonly name: string,
    private readonly method: Method,
    private readonly images: number,
    private readonly size: Size,
    private readonly alignCorners: boolean,
    private readonly halfPixelCenters: boolean,
  ) {}

  get reach(): number {
    return this.method === 'bilinear' ? 1 : 0;
  }

  /** Region rule: the one or four input pixels that a wanted pixel lies on or between. */
  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view] = node.inputs as [View];
    const field = this.sources(want, view, evaluation);
    const x = evaluation.compute(yield { view, want: field });
    field.release();
    const channels = channelsOf(node);
    return evaluation.produce(want, channels, {
      kernel: `f32_resize_${this.method}`,
      command: this.command().channels(channels),
      inputs: [x],
      window: null,
      record: null,
    });
  }

  private command(): Command {
    const { height, width, outHeight, outWidth } = this.size;
    return new Command()
      .images(height, width, outHeight, outWidth)
      .parameters(this.alignCorners ? 1 : 0, this.halfPixelCenters ? 1 : 0);
  }

  private sources(want: PixelSet, view: View, evaluation: Evaluation): PixelSet {
    if (want.isAll) return evaluation.all(view);
    const { runtime } = evaluation;
    const { arena, kernels } = runtime;
    const bitmap = arena.allocate(view.pixels);
    const command = arena.allocate(Command.bytes);
    this.command().place(runtime.heap, command);
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
      if (x.dtype !== 'float32' || x.shape.length !== 4) return null;
      // Of a map in memory, tfjs-backend-wasm's kernel interpolates faster.
      if (method === 'bilinear' ? !x.isDeferred : !isDeferredOrLarge(x)) return null;
      const [images, height, width, channels] = x.shape as [number, number, number, number];
      const shape = [images, ...size, channels];
      if (tf.util.sizeFromShape(shape) === 0) return null;
      const primitive = new Resize(
        name,
        method,
        images,
        { height, width, outHeight: size[0], outWidth: size[1] },
        alignCorners,
        halfPixelCenters,
      );
      return backend.defer(primitive, [x], shape, 'float32', x.nonNegative);
    },
  };
}

export const resizes: Operation[] = [
  resize(tf.ResizeNearestNeighbor, 'nearest'),
  resize(tf.ResizeBilinear, 'bilinear'),
];
