import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { View } from '../graph/view.js';
import { Activation } from '../lowering/activation.js';
import { isVector } from '../lowering/operand.js';
import { anyDeferred, present, required } from '../lowering/operation.js';
import type { Call, Operation } from '../lowering/operation.js';
import { weightName } from '../weight-names.js';
import { wasmKernel } from '../wasm-kernels.js';
import { deferProducts, repeats, rowByRow } from './batch-mat-mul.js';
import { deferActivated } from './activated.js';
import type { Fused } from './activated.js';
import { Conv2D } from './conv2d.js';

/*
 * Products of matrices. One matrix for all rows, as a dense layer has it, is the filter of a 1x1
 * convolution over them; many products are as many of those. Few are tfjs-backend-wasm's, but for bias
 * and activation, which its fused kernel gets wrong: it adds the bias to the first row alone, and loses
 * NaN.
 */

/** To defer so few takes longer than to compute them. */
const FEW_PRODUCTS = 2 ** 14;
/** To pack a matrix that so few rows are multiplied with takes longer than to multiply. */
const FEW_ROWS = 2;
/** So does it to describe one product of many to a kernel, where it is so small. */
const FEW_PRODUCTS_A_MATRIX = 2 ** 11;

const NOTHING_FUSED: Fused = { bias: null, slopes: null, activation: Activation.LINEAR };

interface Attributes {
  transposeA: boolean;
  transposeB: boolean;
}

/** The product as a convolution of one pixel a row; null where the rows have not all one matrix. */
function asConvolution(
  call: Call,
  name: string,
  outShape: number[],
  { bias, slopes, activation }: Fused,
): TensorInfo | null {
  const { backend, tensors } = call;
  const [a, b] = [required(call, 'a'), required(call, 'b')];
  const { transposeA, transposeB } = call.attrs as unknown as Attributes;
  if (transposeA || b.pixels !== b.shape[b.shape.length - 2]) return null;
  const rows = new View(a.storage, [1, 1, a.pixels, a.channels]);
  const window = rowByRow(a.pixels);
  const filterName = weightName(tensors.b);
  const hasBias = bias !== null;
  const convolution = {
    ...{ name, window, activation, hasBias, filterName },
    record: null,
  };
  const primitive = new Conv2D(convolution, transposeB);
  const operands = present(rows, b, bias, slopes);
  return backend.defer(primitive, operands, outShape, 'float32', activation.nonNegative);
}

/** The product of tfjs-backend-wasm. */
function productNow({ backend, tensors, attrs }: Call): TensorInfo {
  const { kernelFunc } = wasmKernel(tf.BatchMatMul);
  const { a, b } = tensors;
  const { result, error } = backend.attempt(
    () => kernelFunc({ inputs: { a, b }, attrs, backend }) as TensorInfo,
  );
  if (!result) throw error;
  return result;
}

function matrixProduct(name: typeof tf.BatchMatMul | typeof tf._FusedMatMul): Operation {
  return {
    name,
    defer(call: Call): TensorInfo | null {
      const { backend } = call;
      const [a, b] = [required(call, 'a'), required(call, 'b')];
      const { bias = null, preluActivationWeights: slopes = null } = call.inputs;
      if (present(a, b, bias, slopes).some(({ dtype }) => dtype !== 'float32')) return null;
      const { transposeA, transposeB } = call.attrs as unknown as Attributes;
      const [left, inner] = transposeA ? lastTwo(a).reverse() : lastTwo(a);
      const [depth, right] = transposeB ? lastTwo(b).reverse() : lastTwo(b);
      // Let the kernel say what is wrong.
      if (inner !== depth || Math.min(a.shape.length, b.shape.length) < 2) return null;
      const batch = tf.backend_util.assertAndGetBroadcastShape(batchOf(a), batchOf(b));
      const outShape = [...batch, left, right];
      const products = tf.util.sizeFromShape(outShape) * inner;
      // The other kernels cannot do with every way of broadcasting.
      const isForWasm = repeats(a, batch) && repeats(b, batch);
      const isFew = products < FEW_PRODUCTS && isForWasm;
      if (isFew && name === tf.BatchMatMul && !anyDeferred(a, b)) return null;
      const isOneForAll = bias !== null && !isVector(bias.shape, right);
      if (isOneForAll && !isVector(bias.shape, 1)) return null;
      const activation = Activation.of(call.attrs, slopes, right);
      if (!activation) return null;
      const fused = { bias, slopes, activation };
      const convolution = isOneForAll
        ? asConvolution(call, name, outShape, NOTHING_FUSED)
        : asConvolution(call, name, outShape, fused);
      if (convolution && isOneForAll) return deferActivated(name, convolution, backend, fused);
      if (convolution) return convolution;
      const isSmall = left < FEW_ROWS || left * inner * right < FEW_PRODUCTS_A_MATRIX;
      const isNow = isFew || (isSmall && isForWasm);
      if (isNow && name === tf.BatchMatMul) return null;
      const shapes = { left, inner, right, transposeA, transposeB, batch };
      const product = isNow ? productNow(call) : deferProducts(backend, a, b, shapes);
      return name === tf.BatchMatMul ? product : deferActivated(name, product, backend, fused);
    },
  };
}

const lastTwo = ({ shape }: View): number[] => shape.slice(-2);
const batchOf = ({ shape }: View): number[] => shape.slice(0, -2);

export const matrixProducts: Operation[] = [
  matrixProduct(tf.BatchMatMul),
  matrixProduct(tf._FusedMatMul),
];
