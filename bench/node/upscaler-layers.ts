import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';

/** What UpscalerJS's models scale by. */
const FACTORS = [2, 3, 4, 8];
const COLOURS = 3;

type LayerArguments = ConstructorParameters<typeof layers.Layer>[0];

const only = (inputs: tf.Tensor | tf.Tensor[]): tf.Tensor =>
  Array.isArray(inputs) ? inputs[0] : inputs;

/** A number times the input. */
class MultiplyBeta extends layers.Layer {
  static readonly className: string = 'MultiplyBeta';
  private readonly beta: number;

  constructor({ beta, ...config }: LayerArguments & { beta: number }) {
    super(config);
    this.beta = beta;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul(only(inputs), this.beta);
  }
}

/** Channels to pixels. */
function pixelShuffle(factor: number): tf.serialization.SerializableConstructor<layers.Layer> {
  return class PixelShuffle extends layers.Layer {
    static readonly className: string = `PixelShuffle${factor}x`;

    override computeOutputShape(shape: [number, number | null, number | null]): (number | null)[] {
      const [images, height, width] = shape;
      return [images, height && height * factor, width && width * factor, COLOURS];
    }

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.depthToSpace(only(inputs) as tf.Tensor4D, factor, 'NHWC');
    }
  };
}

let areRegistered = false;

/** Tells tfjs-layers of the layers that UpscalerJS's models are made of, beside Keras's. */
export function registerUpscalerLayers(): void {
  if (areRegistered) return;
  areRegistered = true;
  tf.serialization.registerClass(MultiplyBeta);
  for (const factor of FACTORS) tf.serialization.registerClass(pixelShuffle(factor));
}
