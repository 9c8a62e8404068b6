import * as tf from '@tensorflow/tfjs-core';
import type { Token } from '../arrays/lanes.js';
import { Command } from '../arrays/command.js';
import { route } from '../arrays/routing.js';
import type { Evaluation } from '../graph/evaluation.js';
import { whole } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import { PixelSet } from '../graph/pixels.js';
import type { LayerRecord } from '../graph/record.js';
import { Rows } from '../graph/rows.js';
import { MOST_TAPS, Window } from '../graph/window.js';
import { recordLayer, recordRun } from '../profiler.js';
import { windowOf } from '../lowering/conv-geometry.js';
import { convolutionClass } from './conv2d.js';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { FilterLayout, packFilter } from '../lowering/packing.js';
import { isEmpty } from '../wasm-kernels.js';

/**
 * The gradient of a convolution by its input, which is what a transposed convolution runs. Output
 * pixels that are a stride apart read through the same filter taps, so for each of the stride's
 * positions it is a plain convolution with a part of the filter.
 */
class Conv2DTranspose implements Primitive {
  readonly name = tf.Conv2DBackpropInput;

  /** @param forward the window of the convolution that this is the gradient of */
  constructor(
    private readonly forward: Window,
    private readonly record: LayerRecord | null,
  ) {}

  readonly reach = Infinity;

  /** Region rule: everything. */
  *evaluate(node: Node, _want: PixelSet, evaluation: Evaluation): Steps {
    const [dyView, filterView] = node.inputs as [View, View];
    const { runtime } = evaluation;
    const { arena, heap } = runtime;
    const all = evaluation.all(dyView);
    const dy = evaluation.align(evaluation.compute(yield { view: dyView, want: all }), all);
    all.release();
    const filter = yield* whole(filterView);
    const set = PixelSet.all(runtime, this.forward.inPixels);
    recordRun(this.record, set);
    const channels = filterView.shape[2];
    const bytes = set.total * channels * 4;
    const pointer = arena.allocate(bytes);
    heap.fill(pointer, 0, bytes);
    const { strideHeight, strideWidth } = this.forward.geometry;
    const start = tf.util.now();
    let token: Token = 0;
    for (let y = 0; y < strideHeight; y++) {
      for (let x = 0; x < strideWidth; x++) {
        token = this.phase(y, x, dy, filterView, pointer, token, evaluation);
      }
    }
    if (this.record) this.record.milliseconds += tf.util.now() - start;
    dy.releaseAfter(token);
    filter.release();
    const rows = Rows.computed(runtime, set, channels, 'float32', pointer);
    rows.token = token;
    set.release();
    return rows;
  }

  /**
   * Computes the output pixels (y, x), (y, x + stride), ... into the dense output at `out`; returns
   * when those are there and what was to be there by `before`.
   */
  private phase(
    y: number,
    x: number,
    dy: Rows,
    filter: View,
    out: number,
    before: Token,
    evaluation: Evaluation,
  ): Token {
    const { runtime } = dy;
    const g = this.forward.geometry;
    const vertical = axisPhase(y, g.inHeight, g.kernelHeight, g.strideHeight, g.padTop);
    const horizontal = axisPhase(x, g.inWidth, g.kernelWidth, g.strideWidth, g.padLeft);
    const window = new Window({
      ...g,
      inHeight: g.outHeight,
      inWidth: g.outWidth,
      outHeight: vertical.size,
      outWidth: horizontal.size,
      kernelHeight: vertical.taps.length,
      kernelWidth: horizontal.taps.length,
      strideHeight: 1,
      strideWidth: 1,
      padTop: vertical.pad,
      padLeft: horizontal.pad,
    });
    if (window.taps === 0 || window.outPixels === 0) return before;
    const [, width, channels, inChannels] = filter.shape;
    const { kernel, temporal } = route({
      layer: convolutionClass(window, channels),
      ...{ taps: window.taps, inChannels, outChannels: channels },
      ...{ pixels: window.outPixels, share: 1 },
    });
    const taps = crossings(vertical.taps, horizontal.taps, width);
    const layout = new FilterLayout(kernel, taps, inChannels, channels, true);
    if (this.record) this.record.variant = kernel;
    const { arena } = runtime;
    const stride = channels * 4;
    const rows = arena.allocate(window.outPixels * stride);
    const command = arena.allocate(Command.bytes);
    const base = new Command()
      .window(window.geometry)
      .channels(inChannels, channels)
      .input(dy)
      .output({ pointer: rows, stride })
      .weights(packFilter(filter.storage, layout, null))
      .rowBlock(temporal.rowBlock)
      .zero(runtime.zeros(dy.stride));
    base.place(runtime.heap, command);
    const computed = evaluation.run(kernel, [command], window.outPixels, [dy.token]);
    const pixels = this.phasePixels(y, x, vertical.size, horizontal.size, runtime);
    const scatter = arena.allocate(Command.bytes);
    new Command()
      .input({ pointer: rows, stride })
      .output({ pointer: out, stride }, pixels)
      .channels(channels)
      .place(runtime.heap, scatter);
    const after = [computed, before];
    const token = evaluation.run('rows_scatter', [scatter], window.outPixels, after);
    for (const pointer of [pixels, command, scatter, rows]) arena.free(pointer);
    return token;
  }

  /** The address of a list of the output pixels of a phase. */
  private phasePixels(
    y: number,
    x: number,
    height: number,
    width: number,
    { arena, heap }: Rows['runtime'],
  ): number {
    const { images, inHeight, inWidth, strideHeight, strideWidth } = this.forward.geometry;
    const pointer = arena.allocate(images * height * width * 4);
    const { i32 } = heap;
    let at = pointer >>> 2;
    for (let image = 0; image < images; image++) {
      for (let row = 0; row < height; row++) {
        const line = (image * inHeight + y + row * strideHeight) * inWidth + x;
        for (let column = 0; column < width; column++) i32[at++] = line + column * strideWidth;
      }
    }
    return pointer;
  }
}

/** Along one axis: the pixels of a phase, the filter taps that they read through, the padding. */
function axisPhase(phase: number, size: number, kernel: number, stride: number, pad: number) {
  const first = (phase + pad) % stride;
  const taps: number[] = [];
  for (let tap = first; tap < kernel; tap += stride) taps.unshift(tap);
  return {
    size: Math.max(0, Math.ceil((size - phase) / stride)),
    taps,
    pad: taps.length - 1 - (phase + pad - first) / stride,
  };
}

/** The taps at the crossings of rows and columns of a filter `width` taps wide, line by line. */
function crossings(rows: number[], columns: number[], width: number): number[] {
  return rows.flatMap((row) => columns.map((column) => row * width + column));
}

type Shape4D = [number, number, number, number];

export const conv2dTranspose: Operation = {
  name: tf.Conv2DBackpropInput,
  defer(call: Call) {
    const { attrs, backend, tensors } = call;
    const dy = required(call, 'dy');
    const filter = required(call, 'filter');
    const { strides, pad, dataFormat, dimRoundingMode, inputShape } = attrs as unknown as {
      strides: [number, number] | number;
      pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
      dataFormat: 'NHWC' | 'NCHW';
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
      inputShape: Shape4D;
    };
    if (dataFormat !== 'NHWC' || dy.dtype !== 'float32' || filter.dtype !== 'float32') return null;
    const filterShape = filter.shape as Shape4D;
    const info = tf.backend_util.computeConv2DInfo(
      inputShape,
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const window = windowOf(info);
    if (isEmpty(info.outShape) || window.taps > MOST_TAPS) return null;
    if (tf.util.sizeFromShape(inputShape) === 0) return null;
    // tfjs-core lets a gradient of another size pass.
    if (!tf.util.arraysEqual(dy.shape, info.outShape)) return null;
    const macs = window.outPixels * tf.util.sizeFromShape(filterShape);
    const record = recordLayer(tf.Conv2DBackpropInput, [dy, filter], inputShape, {
      filter: tensors.filter?.dataId ?? null,
      macsPerPixel: macs / window.inPixels,
    });
    const primitive = new Conv2DTranspose(window, record);
    return backend.defer(primitive, [dy, filter], inputShape, 'float32');
  },
};
