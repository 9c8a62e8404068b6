import * as tf from '@tensorflow/tfjs-core';
import type { DepthToSpaceAttrs } from '@tensorflow/tfjs-core';
import { required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { copyRuns } from '../lowering/runs.js';
import { isTrusted } from '../wasm-kernels.js';

/** Channels spread over blocks of pixels, as networks that enlarge pictures end, at once: line by line. */
export const depthToSpace: Operation = {
  name: tf.DepthToSpace,
  defer(call: Call) {
    const { attrs, backend } = call;
    const x = required(call, 'x');
    const { blockSize, dataFormat } = attrs as unknown as DepthToSpaceAttrs;
    if (dataFormat !== 'NHWC' || x.shape.length !== 4) return null;
    const [images, height, width, depth] = x.shape as [number, number, number, number];
    const channels = depth / blockSize ** 2;
    if (!isTrusted(tf.DepthToSpace, { x }) || !Number.isInteger(channels)) return null;
    const from = backend.slot(call.tensors.x!.dataId).memoryOffset;
    const { heap } = backend.runtime;
    // A pixel holds a line of its block in one piece, and so does the output.
    const run = blockSize * channels * 4;
    const pixel = depth * 4;
    const shape = [images, height * blockSize, width * blockSize, channels];
    return backend.output(shape, 'float32', (pointer) => {
      for (let line = 0; line < images * height; line++) {
        const source = from + line * width * pixel;
        for (let part = 0; part < blockSize; part++) {
          const to = pointer + (line * blockSize + part) * width * run;
          copyRuns(heap, width, run, source + part * run, pixel, to, run);
        }
      }
    });
  },
};
