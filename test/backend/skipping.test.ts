import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { profile } from '../../src/index.js';
import { anyWindow } from './program.js';
import type { WindowSpec } from './program.js';
import { coins, filter, quarters } from './random-tensors.js';
import { receptiveField } from './receptive-field.js';
import type { Extent, Reach } from './receptive-field.js';

/** A layer of a chain. */
type Layer =
  | { op: 'conv' | 'depthwise' | 'maxPool' | 'avgPool'; window: WindowSpec }
  | { op: 'nearest' | 'bilinear' }
  | { op: 'pad'; by: [number, number, number, number] }
  | { op: 'relu' }
  | { op: 'mask'; density: number; seed: number };

const anyMaskLayer = fc.record({
  op: fc.constant('mask' as const),
  density: fc.constantFrom(0, 0.05, 0.3, 0.7, 1),
  seed: fc.nat(1e6),
});

const anyLayer: fc.Arbitrary<Layer> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom(...(['conv', 'depthwise', 'maxPool', 'avgPool'] as const)),
      window: anyWindow,
    }),
  },
  fc.record({ op: fc.constantFrom('nearest' as const, 'bilinear' as const) }),
  fc.record({
    op: fc.constant('pad' as const),
    by: fc.tuple(
      ...([0, 1, 2, 3].map(() => fc.nat(2)) as [
        fc.Arbitrary<number>,
        fc.Arbitrary<number>,
        fc.Arbitrary<number>,
        fc.Arbitrary<number>,
      ]),
    ),
  }),
  fc.record({ op: fc.constant('relu' as const) }),
  anyMaskLayer,
);

/** A chain as it was run: each layer's map, where it comes from, and what a mask lets through. */
interface Link {
  layer: Layer;
  reach: Reach | null;
  extent: Extent;
  active: Set<number> | null;
}

/** Runs the layers one after the other; `links` receives how they lie over each other. */
function runChain(input: tf.Tensor4D, layers: Layer[], links: Link[]): tf.Tensor4D {
  return layers.reduce((x, layer) => {
    const { y, reach, active } = runLayer(x, layer);
    links.push({ layer, reach, active, extent: extentOf(y) });
    return y;
  }, input);
}

function extentOf({ shape: [images, height, width] }: tf.Tensor4D): Extent {
  return [images, height, width];
}

function runLayer(
  x: tf.Tensor4D,
  layer: Layer,
): { y: tf.Tensor4D; reach: Reach | null; active: Set<number> | null } {
  const plain = { reach: null, active: null };
  const [images, height, width, channels] = x.shape;
  switch (layer.op) {
    case 'relu':
      return { ...plain, y: tf.relu(x) };
    case 'mask': {
      const mask = coins([images, height, width, 1], layer.density, layer.seed);
      const active = new Set<number>();
      mask.dataSync().forEach((value, pixel) => value && active.add(pixel));
      return { ...plain, y: tf.mul(x, mask), active };
    }
    case 'pad': {
      const [top, bottom, left, right] = layer.by;
      const y = tf.pad(x, [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]);
      return { ...plain, y, reach: { kind: 'pad', top, left } };
    }
    case 'nearest':
    case 'bilinear': {
      const size: [number, number] = [2 * height, 2 * width];
      const reach: Reach = { kind: layer.op, factor: 2 };
      return layer.op === 'nearest'
        ? { ...plain, reach, y: tf.image.resizeNearestNeighbor(x, size) }
        : { ...plain, reach, y: tf.image.resizeBilinear(x, size) };
    }
    default: {
      const isPool = layer.op === 'maxPool' || layer.op === 'avgPool';
      const { window, reach } = windowOf(layer.window, x, isPool);
      const { kernel, strides, dilations, pad } = window;
      const named = Array.isArray(pad) ? explicit(pad) : pad;
      const weights = filter([...kernel, channels, channels], 7);
      const y = {
        conv: () => tf.conv2d(x, weights, strides, named, 'NHWC', dilations),
        depthwise: () =>
          tf.depthwiseConv2d(
            x,
            quarters([...kernel, channels, 1], 7) as tf.Tensor4D,
            strides,
            named,
            'NHWC',
            dilations,
          ),
        maxPool: () => tf.maxPool(x, kernel, strides, pad as 'same'),
        avgPool: () => tf.avgPool(x, kernel, strides, pad as 'same'),
      }[layer.op]();
      return { ...plain, y, reach };
    }
  }
}

function explicit([top, bottom, left, right]: [number, number, number, number]) {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ] as tf.backend_util.ExplicitPadding;
}

/** The window as it is applied to `x`: one that would leave nothing is padded to `x`'s size. */
function windowOf(spec: WindowSpec, x: tf.Tensor4D, isPool: boolean) {
  const [, height, width] = x.shape;
  const tooSmall = [height, width].some((size, axis) => size < spec.kernel[axis] * 3);
  const window: WindowSpec = {
    ...spec,
    dilations: isPool ? [1, 1] : spec.dilations,
    pad: tooSmall || (isPool && Array.isArray(spec.pad)) ? 'same' : spec.pad,
  };
  const { pad } = window;
  const reach: Reach = {
    kind: 'window',
    ...window,
    pad: Array.isArray(pad) ? [pad[0], pad[2]] : pad,
  };
  return { window, reach };
}

/** The pixels of every layer's output that a request for all of the last one needs. */
function neededOf(links: Link[], keepsAll = true): Set<number>[] {
  const [images, height, width] = links[links.length - 1].extent;
  let wanted = new Set(Array.from({ length: images * height * width }, (_, pixel) => pixel));
  const needed: Set<number>[] = [];
  for (let i = links.length - 1; i >= 0; i--) {
    const { reach, active, extent } = links[i];
    needed[i] = wanted;
    if (active) wanted = new Set([...wanted].filter((pixel) => active.has(pixel)));
    if (reach && i > 0) {
      wanted = receptiveField(reach, links[i - 1].extent, extent, wanted, keepsAll);
    }
  }
  return needed;
}

function isRecorded({ layer }: Link): boolean {
  return ['conv', 'depthwise', 'maxPool', 'avgPool'].includes(layer.op);
}

function pixelsOf(map: Uint8Array | undefined): number[] {
  return [...(map ?? [])].flatMap((times, pixel) => (times > 0 ? [pixel] : []));
}

const anyInput = fc.tuple(
  fc.integer({ min: 1, max: 2 }),
  fc.integer({ min: 3, max: 12 }),
  fc.integer({ min: 3, max: 12 }),
  fc.constantFrom(1, 3, 8),
);

describe('skipping', () => {
  before(() => tf.setBackend('dynconv'));

  it('computes the pixels that the masks leave, and no others', async () => {
    const layers = fc.array(anyLayer, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(anyInput, layers, anyMaskLayer, async (shape, before, last) => {
        const input = quarters(shape, 1) as tf.Tensor4D;
        let links: Link[] = [];
        const { result, layers, macs } = await profile(
          () => {
            links = [];
            return tf.tidy(() => runChain(input, [...before, last], links));
          },
          { pixelMaps: true, repeats: 1 },
        );
        tf.dispose([input, result]);
        const needed = neededOf(links).filter((_, index) => isRecorded(links[index]));
        assert.equal(layers.length, needed.length);
        layers.forEach((layer, index) => {
          assert.deepEqual(
            pixelsOf(layer.computed),
            [...needed[index]].sort((a, b) => a - b),
          );
          assert.equal(layer.pixels.active, needed[index].size);
          assert.equal(
            layer.macs.executed * layer.pixels.total,
            layer.macs.total * needed[index].size,
          );
        });
        assert.equal(
          macs.executed,
          layers.reduce((sum, layer) => sum + layer.macs.executed, 0),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('takes for a mask what was made to have zeros, not what has some by chance', async () => {
    const input = tf.tensor4d([0, 0, 2, 0, 3, 0, 0, 1, 4], [1, 3, 3, 1]);
    const one = tf.ones<tf.Rank.R4>([1, 1, 1, 1]);
    const layer = (x: tf.Tensor4D) => tf.conv2d(x, one, 1, 'same');
    // A bias: zero at four pixels, by chance.
    const data = (x: tf.Tensor4D) =>
      tf.add(
        tf.fused.conv2d({ x, filter: one, strides: 1, pad: 'same', bias: tf.tensor1d([1]) }),
        -1,
      );
    const features = (x: tf.Tensor4D) => layer(layer(x));
    const wide = (x: tf.Tensor4D) => tf.conv2d(x, tf.ones<tf.Rank.R4>([1, 1, 1, 4]), 1, 'same');
    for (const [product, pixels] of [
      [() => tf.mul(features(input), data(input)), 9],
      [() => tf.mul(data(input), features(input)), 9],
      [() => tf.mul(wide(input), data(input)), 9],
      [() => tf.mul(features(input), tf.relu(data(input))), 4],
      [() => tf.mul(tf.cast(tf.greater(data(input), 0), 'float32'), features(input)), 4],
      [() => tf.mul(wide(input), tf.sub(1, tf.cast(tf.lessEqual(data(input), 0), 'float32'))), 4],
    ] as const) {
      const { result, layers } = await profile(() => tf.tidy(product), { repeats: 1 });
      assert.equal(Math.min(...layers.map((layer) => layer.pixels.active)), pixels);
      tf.dispose(result);
    }
    tf.dispose([input, one]);
  });

  it('computes what two masks leave once, whichever is read first', async () => {
    const masks = fc.tuple(anyMaskLayer, anyMaskLayer);
    const anyChain = fc.array(anyLayer, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(anyInput, anyChain, masks, async (shape, chain, pair) => {
        const input = quarters(shape, 1) as tf.Tensor4D;
        let links: Link[][] = [];
        const { result, layers } = await profile(
          () => {
            links = [[], []];
            return tf.tidy(() => {
              const trunk: Link[] = [];
              const shared = runChain(input, chain, trunk);
              const branches = pair.map((mask, index) => {
                links[index] = [...trunk];
                return runChain(shared, [mask], links[index]);
              });
              return branches;
            });
          },
          { pixelMaps: true, repeats: 1 },
        );
        tf.dispose([input, result]);
        const [least, most] = [false, true].map((keepsAll) => {
          const [first, second] = links.map((branch) => neededOf(branch, keepsAll));
          return first.map((pixels, index) => new Set([...pixels, ...second[index]]));
        });
        const recorded = links[0].flatMap((link, index) => (isRecorded(link) ? [index] : []));
        layers.forEach(({ computed }, at) => {
          const index = recorded[at];
          const pixels = pixelsOf(computed);
          assert.includeMembers(pixels, [...least[index]]);
          assert.includeMembers([...most[index]], pixels);
          assert.isAtMost(Math.max(0, ...(computed ?? [])), 1);
        });
      }),
      { numRuns: 60 },
    );
  });
});
