import * as tf from '@tensorflow/tfjs-core';
import { contest, type Contestant } from '../cli/src/contest.js';
import { fitLine, quantile } from '../cli/src/statistics.js';

/** Where a mask's active pixels lie. */
export type Pattern = 'disc' | 'scattered';

/** One measurement: a share of active pixels, and milliseconds. */
export interface DensityPoint {
  density: number;
  milliseconds: number;
}

/** How a block's time follows its mask. */
export interface DensityResult {
  /** Milliseconds of the block on the wasm backend, which computes every pixel. */
  wasmMilliseconds: number;
  /** Milliseconds with DYNCONV_SKIP off. */
  denseMilliseconds: number;
  series: Record<Pattern, DensityPoint[]>;
  /** The line through the discs' points. */
  fit: { slope: number; intercept: number; r2: number };
  /** The line's intercept over the dense time. */
  interceptShare: number;
}

const SIZE = 64;
const FEATURES = 96;
const EXPANSION = 6;
const STEPS = 10;
const WARMUP_RUNS = 10;
const PATTERNS: readonly Pattern[] = ['disc', 'scattered'];

/**
 * Times one dynamic block of the published workload, x + mask * f(x) with f an inverted residual
 * (64 x 64 pixels, 96 channels, 576 hidden), for masks from none of the pixels to all of them, in
 * turns.
 */
export async function benchDensity(runs: number): Promise<DensityResult> {
  const densities = Array.from({ length: STEPS + 1 }, (_, i) => i / STEPS);
  await tf.setBackend('wasm');
  const everything = maskOf(1, 'disc');
  const reference = makeBlock();
  await tf.setBackend('dynconv');
  const block = makeBlock();
  const contestants = [
    contestant('wasm', runs, 'wasm', true, () => reference.run(everything)),
    contestant('dense', runs, 'dynconv', false, () => block.run(everything)),
    ...PATTERNS.flatMap((pattern) =>
      densities.map((density) => {
        const mask = maskOf(density, pattern);
        return contestant(`${pattern} ${density}`, runs, 'dynconv', true, () => block.run(mask));
      }),
    ),
  ];
  const times = await contest(contestants);
  tf.dispose([...reference.tensors, ...block.tensors]);

  const median = (name: string): number => quantile(times.get(name) ?? [], 0.5);
  const series = (pattern: Pattern): DensityPoint[] =>
    densities.map((density) => ({ density, milliseconds: median(`${pattern} ${density}`) }));
  const disc = series('disc');
  const fit = fitLine(
    densities,
    disc.map(({ milliseconds }) => milliseconds),
  );
  const denseMilliseconds = median('dense');
  return {
    wasmMilliseconds: median('wasm'),
    denseMilliseconds,
    series: { disc, scattered: series('scattered') },
    fit,
    interceptShare: fit.intercept / denseMilliseconds,
  };
}

function contestant(
  name: string,
  runs: number,
  backend: string,
  skip: boolean,
  run: () => tf.Tensor,
): Contestant {
  return {
    name,
    warmup: WARMUP_RUNS,
    runs,
    run: async () => {
      if (tf.getBackend() !== backend) await tf.setBackend(backend);
      tf.env().set('DYNCONV_SKIP', skip);
      const y = run();
      await y.data();
      y.dispose();
    },
  };
}

/** A block with its input on the current backend. */
function makeBlock(): { run(mask: Float32Array): tf.Tensor; tensors: tf.Tensor[] } {
  const hidden = FEATURES * EXPANSION;
  const draw = (shape: [number, number, number, number], scale: number, seed: number) =>
    tf.randomNormal<tf.Rank.R4>(shape, 0, scale, 'float32', seed);
  const x = draw([1, SIZE, SIZE, FEATURES], 1, 1);
  const expand = draw([1, 1, FEATURES, hidden], Math.sqrt(2 / FEATURES), 2);
  const depthwise = draw([3, 3, hidden, 1], Math.sqrt(2 / 9), 3);
  const project = draw([1, 1, hidden, FEATURES], Math.sqrt(2 / hidden), 4);
  const hiddenBias = tf.zeros<tf.Rank.R1>([hidden]);
  const bias = tf.zeros<tf.Rank.R1>([FEATURES]);
  const common = { strides: 1, pad: 'same' } as const;
  const relu6 = { ...common, bias: hiddenBias, activation: 'relu6' } as const;
  return {
    tensors: [x, expand, depthwise, project, hiddenBias, bias],
    run: (mask) =>
      tf.tidy(() => {
        const expanded = tf.fused.conv2d({ x, filter: expand, ...relu6 });
        const filtered = tf.fused.depthwiseConv2d({ x: expanded, filter: depthwise, ...relu6 });
        const f = tf.fused.conv2d({ x: filtered, filter: project, bias, ...common });
        return tf.add(x, tf.mul(f, tf.tensor4d(mask, [1, SIZE, SIZE, 1])));
      }),
  };
}

/** The pixels nearest the centre, or seeded random ones: `density` of all, exactly. */
function maskOf(density: number, pattern: Pattern): Float32Array {
  const pixels = SIZE * SIZE;
  const centre = (SIZE - 1) / 2;
  const random = tf.tidy(() => tf.randomUniform([pixels], 0, 1, 'float32', 7).dataSync());
  const rank = (pixel: number): number =>
    pattern === 'disc'
      ? ((pixel % SIZE) - centre) ** 2 + (Math.floor(pixel / SIZE) - centre) ** 2
      : random[pixel];
  const order = Array.from({ length: pixels }, (_, pixel) => pixel);
  order.sort((a, b) => rank(a) - rank(b));
  const mask = new Float32Array(pixels);
  for (const pixel of order.slice(0, Math.round(density * pixels))) mask[pixel] = 1;
  return mask;
}
