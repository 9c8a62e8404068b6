import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { Evaluation } from '../graph/evaluation.js';
import { whole } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { View } from '../graph/view.js';
import type { PixelSet } from '../graph/pixels.js';
import type { Activation } from '../lowering/activation.js';
import { scaleAndShift } from '../lowering/affine.js';
import { present } from '../lowering/operation.js';

/** What is fused to a product or convolution: a bias, slopes of prelu. */
export interface Fused {
  bias: View | null;
  slopes: View | null;
  activation: Activation;
}

/** Its values plus a bias, and their activation. */
class Activated implements Primitive {
  constructor(
    readonly name: string,
    private readonly activation: Activation,
    private readonly hasBias: boolean,
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [view, ...rest] = node.inputs as [View, ...View[]];
    const x = yield { view, want };
    const bias = this.hasBias ? yield* whole(rest[0]) : null;
    const slopesView = rest[this.hasBias ? 1 : 0];
    const slopes = slopesView ? yield* whole(slopesView) : null;
    const sum = scaleAndShift(x, null, bias, want, evaluation);
    sum.producer?.epilogue?.takeBounds(sum.producer.command, this.activation.bounds);
    return this.activation.apply(sum, slopes, want, evaluation);
  }
}

/** Bias and activation on top of a product or convolution, which it disposes of. */
export function deferActivated(
  name: string,
  product: TensorInfo,
  backend: DynconvBackend,
  { bias, slopes, activation }: Fused,
): TensorInfo {
  const operands = present(backend.view(product), bias, slopes);
  const primitive = new Activated(name, activation, bias !== null);
  const { shape } = product;
  const activated = backend.defer(primitive, operands, shape, 'float32', activation.nonNegative);
  backend.disposeData(product.dataId);
  return activated;
}
