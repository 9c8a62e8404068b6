/** Single operations of tensors in memory, on `wasm` and on `dynconv`, in turns. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import 'tfjs-backend-dynconv';
import { contest, type Contestant } from '../../cli/src/contest.js';
import {
  geometricMean,
  largestDifference,
  pairedRatios,
  spread,
  type Spread,
} from '../../cli/src/statistics.js';
import { formatTable } from '../../cli/src/table.js';
import { formatEnvironment } from '../report.js';
import { environment, printResults, programOptions, say } from './host.js';

/** What operations get: maps, one value a channel, a matrix, weights, and indices of its rows. */
interface Operands {
  x: tf.Tensor4D;
  y: tf.Tensor4D;
  pixel: tf.Tensor4D;
  vector: tf.Tensor1D;
  matrix: tf.Tensor2D;
  square: tf.Tensor2D;
  heads: tf.Tensor3D;
  one: tf.Tensor4D;
  three: tf.Tensor4D;
  depthwise: tf.Tensor4D;
  rows: tf.Tensor1D;
}

const MAP: [number, number, number, number] = [1, 128, 128, 16];
const ROWS = 64;

function operands(): Operands {
  const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R]): tf.Tensor<R> =>
    tf.randomNormal<R>(shape, 0, 1, 'float32', 1);
  return {
    x: normal<tf.Rank.R4>(MAP),
    y: normal<tf.Rank.R4>(MAP),
    pixel: normal<tf.Rank.R4>([1, 128, 128, 1]),
    vector: tf.abs(normal<tf.Rank.R1>([16])),
    matrix: normal<tf.Rank.R2>([ROWS, 1024]),
    square: normal<tf.Rank.R2>([1024, 256]),
    heads: normal<tf.Rank.R3>([8, 128, 64]),
    one: normal<tf.Rank.R4>([1, 1, 16, 16]),
    three: normal<tf.Rank.R4>([3, 3, 16, 16]),
    depthwise: normal<tf.Rank.R4>([3, 3, 16, 1]),
    rows: tf.range(0, ROWS, 1, 'int32'),
  };
}

type Operation = (operands: Operands) => tf.Tensor;

const OPERATIONS: Record<string, Operation> = {
  'conv 1x1': ({ x, one }) => tf.conv2d(x, one, 1, 'same'),
  'conv 3x3': ({ x, three }) => tf.conv2d(x, three, 1, 'same'),
  'dilated conv 3x3': ({ x, three }) => tf.conv2d(x, three, 1, 'same', 'NHWC', 2),
  'transposed conv 3x3': ({ x, three }) =>
    tf.conv2dTranspose(x, three, [1, 256, 256, 16], 2, 'same'),
  'depthwise 3x3': ({ x, depthwise }) => tf.depthwiseConv2d(x, depthwise, 1, 'same'),
  'separable 3x3': ({ x, depthwise, one }) => tf.separableConv2d(x, depthwise, one, 1, 'same'),
  'max pool 2x2': ({ x }) => tf.maxPool(x, 2, 2, 'same'),
  'max pool 3x3 at stride 1': ({ x }) => tf.maxPool(x, 3, 1, 'same'),
  'average pool 2x2': ({ x }) => tf.avgPool(x, 2, 2, 'same'),
  'mean of images': ({ x }) => tf.mean(x, [1, 2]),
  'batch normalization': ({ x, vector }) => tf.batchNorm(x, vector, vector, vector, vector),
  'layer normalization': ({ matrix }) => layerNorm(matrix),
  'resize bilinear up': ({ x }) => tf.image.resizeBilinear(x, [256, 256]),
  'resize bilinear down': ({ x }) => tf.image.resizeBilinear(x, [64, 64]),
  'resize nearest up': ({ x }) => tf.image.resizeNearestNeighbor(x, [256, 256]),
  'matrix product': ({ matrix, square }) => tf.matMul(matrix, square),
  attention: ({ heads }) => tf.matMul(tf.softmax(tf.matMul(heads, heads, false, true)), heads),
  'x + y': ({ x, y }) => tf.add(x, y),
  'x + vector': ({ x, vector }) => tf.add(x, vector),
  'x * y': ({ x, y }) => tf.mul(x, y),
  'x * value of a pixel': ({ x, pixel }) => tf.mul(x, pixel),
  'x / 6': ({ x }) => tf.div(x, 6),
  '1 - x': ({ x }) => tf.sub(1, x),
  'x * 2 + 1': ({ x }) => tf.add(tf.mul(x, 2), 1),
  maximum: ({ x, y }) => tf.maximum(x, y),
  'squared difference': ({ x, y }) => tf.squaredDifference(x, y),
  relu: ({ x }) => tf.relu(x),
  relu6: ({ x }) => tf.relu6(x),
  'leaky relu': ({ x }) => tf.leakyRelu(x),
  prelu: ({ x, vector }) => tf.prelu(x, tf.reshape(vector, [1, 1, 1, 16])),
  elu: ({ x }) => tf.elu(x),
  sigmoid: ({ x }) => tf.sigmoid(x),
  tanh: ({ x }) => tf.tanh(x),
  exp: ({ x }) => tf.exp(x),
  silu: ({ x }) => tf.mul(x, tf.sigmoid(x)),
  'hard swish': ({ x }) => tf.mul(x, tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6)),
  gelu: ({ x }) => {
    const cubic = tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(cubic), 1));
  },
  softplus: ({ x }) => tf.softplus(x),
  sqrt: ({ x }) => tf.sqrt(x),
  square: ({ x }) => tf.square(x),
  abs: ({ x }) => tf.abs(x),
  negative: ({ x }) => tf.neg(x),
  'comparison and choice': ({ x, y }) => tf.where(tf.greater(x, 0), x, y),
  softmax: ({ matrix }) => tf.softmax(matrix),
  'sum of rows': ({ matrix }) => tf.sum(matrix, -1),
  'largest of rows': ({ matrix }) => tf.max(matrix, -1),
  'place of the largest': ({ matrix }) => tf.argMax(matrix, -1),
  'five largest': ({ matrix }) => tf.topk(matrix, 5).values,
  transpose: ({ matrix }) => tf.transpose(matrix),
  'NHWC to NCHW': ({ x }) => tf.transpose(x, [0, 3, 1, 2]),
  'slice of pixels': ({ x }) => tf.slice(x, [0, 8, 8, 0], [1, 100, 100, 16]),
  'half of the channels': ({ x }) => tf.split(x, 2, 3)[0],
  'concatenation of channels': ({ x, y }) => tf.concat([x, y], 3),
  pad: ({ x }) =>
    tf.pad(x, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]),
  tile: ({ matrix }) => tf.tile(matrix, [1, 2]),
  gather: ({ matrix, rows }) => tf.gather(matrix, rows),
  stack: ({ matrix }) => tf.stack([matrix, matrix]),
  'depth to space': ({ x }) => tf.depthToSpace(x, 2),
};

function layerNorm(x: tf.Tensor2D): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
}

const WARMUP_RUNS = 25;
const DEFAULT_RUNS = 21;

interface OperationResult {
  name: string;
  milliseconds: { wasm: Spread; dynconv: Spread };
  /** How many times as fast as `wasm`, round by round. */
  speedup: Spread;
  /** Largest difference from `wasm`'s result over its largest value. */
  difference: number;
}

async function benchOperation(
  name: string,
  operation: Operation,
  runs: number,
): Promise<OperationResult> {
  const results = new Map<string, ArrayLike<number>>();
  const contestants: Contestant[] = [];
  const given: Operands[] = [];
  for (const backend of ['wasm', 'dynconv']) {
    await tf.setBackend(backend);
    const inputs = operands();
    given.push(inputs);
    contestants.push({
      ...{ name: backend, warmup: WARMUP_RUNS, runs },
      prepare: async () => {
        if (tf.getBackend() !== backend) await tf.setBackend(backend);
      },
      run: () => {
        // What a tidy returns is searched for tensors, value by value.
        tf.tidy(() => {
          results.set(backend, operation(inputs).dataSync());
        });
        return Promise.resolve();
      },
    });
  }
  const times = await contest(contestants);
  for (const inputs of given) tf.dispose(Object.values(inputs) as tf.Tensor[]);
  const [wasm, dynconv] = [times.get('wasm') ?? [], times.get('dynconv') ?? []];
  return {
    name,
    milliseconds: { wasm: spread(wasm), dynconv: spread(dynconv) },
    speedup: spread(pairedRatios(wasm, dynconv)),
    difference: largestDifference(results.get('dynconv') ?? [], results.get('wasm') ?? []),
  };
}

function format(results: readonly OperationResult[], mean: number): string {
  const table = formatTable(
    ['operation', 'wasm ms', 'dynconv ms', 'times wasm', 'quartiles', 'difference'],
    results.map(({ name, milliseconds, speedup, difference }) => [
      name,
      milliseconds.wasm.median.toFixed(3),
      milliseconds.dynconv.median.toFixed(3),
      speedup.median.toFixed(2),
      `${speedup.lower.toFixed(2)}-${speedup.upper.toFixed(2)}`,
      difference.toExponential(1),
    ]),
  );
  return `${table}\n\ngeometric mean: ${mean.toFixed(2)} times as fast as wasm`;
}

const options = programOptions();
const wanted = options.models?.split(',');
const unknown = wanted?.filter((name) => !Object.hasOwn(OPERATIONS, name)) ?? [];
if (unknown.length > 0) {
  const known = Object.keys(OPERATIONS).join(', ');
  say(`--models: there is no operation "${unknown.join('", "')}"; there are ${known}.`);
  process.exit(2);
}
const results: OperationResult[] = [];
for (const [name, operation] of Object.entries(OPERATIONS)) {
  if (wanted && !wanted.includes(name)) continue;
  say(name);
  results.push(await benchOperation(name, operation, options.runs ?? DEFAULT_RUNS));
}
results.sort((a, b) => a.speedup.median - b.speedup.median);
const mean = geometricMean(results.map(({ speedup }) => speedup.median));
const where = environment();
printResults(
  options.json,
  { environment: where, results, geometricMean: mean },
  `${formatEnvironment(where)}\n\n${format(results, mean)}`,
);
