import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { coins } from '../backend/random-tensors.js';
import { Source } from '../backend/source.js';
import { random, uniform } from '../kernels/random.js';
import { LAYERS } from './layers.js';

type Map4D = tf.Tensor4D;

interface LayerSpec {
  layer: string;
  /** The number of its operand, the latest value first, modulo the values there are. */
  of: number;
  /** Nobody else reads the operand. */
  isLast: boolean;
  seed: number;
}

/** A random network: plain data, which fast-check can shrink. */
export interface NetworkSpec {
  /** Batch, height, width, channels of the input. */
  shape: [number, number, number, number];
  seed: number;
  /** A layer, or READ: its operand is read in the middle of a prediction. */
  layers: LayerSpec[];
  /** So many of the last values are outputs. */
  outputs: number;
}

const READ = 'read';
/** What is found more often than other layers. */
const COMMON = 'conv conv mask mask block decide silu batchNorm'.split(' ');
const NAMES = [...Object.keys(LAYERS), ...COMMON, ...new Array<string>(8).fill(READ)];

const anySide = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 40 }));

export const anyNetwork: fc.Arbitrary<NetworkSpec> = fc.record({
  shape: fc.tuple(
    fc.integer({ min: 1, max: 2 }),
    anySide,
    anySide,
    fc.integer({ min: 1, max: 17 }),
  ),
  seed: fc.noShrink(fc.nat(2 ** 30)),
  layers: fc.array(
    fc.record({
      layer: fc.constantFrom(...NAMES),
      of: fc.oneof(fc.constant(0), fc.nat(4)),
      isLast: fc.boolean(),
      seed: fc.noShrink(fc.nat(2 ** 30)),
    }),
    { minLength: 1, maxLength: 14, size: 'max' },
  ),
  outputs: fc.integer({ min: 1, max: 3 }),
});

/** How values are read: at once, or when they are there. */
export type Read = (x: tf.Tensor) => Float32Array | Promise<Float32Array>;

/** A network with its weights, which are made in the first prediction. */
export class Network {
  private readonly kept: tf.Tensor[] = [];
  private keeping = 0;

  constructor(private readonly spec: NetworkSpec) {}

  /** All that a prediction reads, in order. */
  async predict(read: Read): Promise<Float32Array[]> {
    const { shape, seed, layers, outputs } = this.spec;
    const engine = tf.engine();
    const readings: Float32Array[] = [];
    let last: Map4D[] = [];
    this.keeping = 0;
    engine.startScope();
    try {
      const input = this.weights(seed)<tf.Rank.R4>(shape);
      const values = [input];
      for (const { layer, of, isLast, seed: choices } of layers) {
        const at = values.length - 1 - (of % values.length);
        const x = values[at];
        if (layer === READ) {
          readings.push(await read(x));
          continue;
        }
        values.push(tf.tidy(() => this.run(layer, x, values, choices)));
        if (!isLast) continue;
        values.splice(at, 1);
        if (x !== input) x.dispose();
      }
      last = values.slice(-outputs).map((value) => tf.clone(value));
    } finally {
      engine.endScope(last);
    }
    readings.push(...(await Promise.all(last.map(async (value) => read(value)))));
    tf.dispose(last);
    return readings;
  }

  private run(layer: string, x: Map4D, values: Map4D[], seed: number): Map4D {
    const source = new Source(seed);
    const weights = this.weights(seed);
    return LAYERS[layer](x, {
      ...{ source, weights },
      mate: (fits) => source.pick(...values.filter(fits)),
      mask: ({ shape: [batch, height, width] }) => {
        const shape = [source.pick(1, batch), height, width, 1];
        const density = source.pick(0, 0.02, 0.1, 0.3, 0.5, 0.9, 1);
        const make = source.chance(0.5) ? coins : disc;
        const place = source.int(0, 1e6);
        return this.keep(() => make(shape, density, place) as Map4D);
      },
      keep: (make) => this.keep(make),
    });
  }

  private weights(seed: number) {
    return <R extends tf.Rank>(shape: tf.ShapeMap[R], scale = 1, center = 0): tf.Tensor<R> =>
      this.keep(() => {
        // Others each time.
        const values = uniform(random(seed + this.keeping), tf.util.sizeFromShape(shape));
        return tf.tensor<R>(values.map((value) => center + scale * value), shape); // prettier-ignore
      });
  }

  private keep<T extends tf.Tensor>(make: () => T): T {
    const at = this.keeping++;
    this.kept[at] ??= tf.keep(tf.tidy(make));
    return this.kept[at] as T;
  }

  dispose(): void {
    tf.dispose(this.kept);
  }
}

/** Ones within a circle about a random pixel, of a radius of this share of the image. */
function disc(shape: number[], share: number, seed: number): tf.Tensor {
  const [, height, width] = shape;
  const next = random(seed);
  const [y, x] = [next() * height, next() * width];
  const radius = share * Math.max(height, width);
  const values = Array.from({ length: tf.util.sizeFromShape(shape) }, (_, at) =>
    Number(Math.hypot((Math.floor(at / width) % height) - y, (at % width) - x) < radius),
  );
  return tf.tensor(values, shape, 'float32');
}
