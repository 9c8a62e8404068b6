import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sums } from './add.js';
import { batchNorm } from './batch-norm.js';
import { cast } from './cast.js';
import { clamps } from './clamp.js';
import { comparisons } from './compare.js';
import { concat } from './concat.js';
import { convolutions } from './conv2d.js';
import { conv2dTranspose } from './conv2d-transpose.js';
import { depthToSpace } from './depth-to-space.js';
import { depthwiseConvolutions } from './depthwise-conv2d.js';
import { einsum } from './einsum.js';
import { elementwise } from './elementwise.js';
import { gathers } from './gather.js';
import { identity } from './identity.js';
import { leakyRelu, prelu } from './leaky-relu.js';
import { matrixProducts } from './mat-mul.js';
import { mean } from './mean.js';
import { multiply } from './multiply.js';
import type { Composition, Operation } from '../lowering/operation.js';
import { padV2 } from './pad.js';
import { pools } from './pool.js';
import { reshapes } from './reshape.js';
import { resizes } from './resize.js';
import { select } from './select.js';
import { slices, split } from './slice.js';
import { tileOperation } from './tile.js';
import { transpose } from './transpose.js';
import { valueFunctions } from './value-function.js';
import { zeros } from './zeros.js';

/** The operations that this backend defers. */
export const operations: readonly (Operation | Operation<TensorInfo[]>)[] = [
  ...convolutions,
  ...depthwiseConvolutions,
  ...pools,
  ...resizes,
  ...sums,
  ...clamps,
  ...comparisons,
  ...elementwise,
  ...valueFunctions,
  ...reshapes,
  ...zeros,
  ...gathers,
  ...matrixProducts,
  ...slices,
  multiply,
  mean,
  select,
  batchNorm,
  leakyRelu,
  prelu,
  cast,
  concat,
  conv2dTranspose,
  padV2,
  transpose,
  tileOperation,
  identity,
  split,
  depthToSpace,
];

/** The kernels that are made of others. */
export const compositions: readonly Composition[] = [einsum];
