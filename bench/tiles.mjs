/**
 * Predicts and measures how fast each microkernel computes each layer of the published network, and
 * writes docs/tile-ranking.md:
 *
 *     npm run rank-tiles [-- --hardware FILE] [--out FILE] [--json]
 *
 * The hardware file should be this machine's: `npm run measure-cpu`. With the shipped one, the measured
 * times become the specs' reference, too.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { mapOnMicrokernels, parseTfjsNetwork, readHardware } from 'tfjs-backend-dynconv/mapping';
import {
  mark,
  modules,
  placeCommand,
  placeFloats,
  placeWeights,
  race,
  scratch,
} from './lib/kernel-harness.mjs';
import { rankingPage, rankingOf, recordOf } from './lib/tile-ranking.mjs';

const NETWORK = 'models/mobilenetv2-hourglass-s0125';
const SHIPPED_HARDWARE = 'hardware/cpu-wasm-simd.yaml';
/** What the specs hold the prediction of the shipped hardware against. */
const RECORD = 'test/mapping/fixtures/tiles.json';
/** Large layers take so long that fewer rounds must do. */
const ROUNDS = 7;

const { values: options } = parseArgs({
  options: {
    hardware: { type: 'string', default: SHIPPED_HARDWARE },
    out: { type: 'string', default: 'docs/tile-ranking.md' },
    json: { type: 'boolean', default: false },
  },
});

function readNetwork(folder) {
  const text = readFileSync(`${folder}/model.json`, 'utf8');
  const paths = JSON.parse(text).weightsManifest.flatMap((group) => group.paths);
  const weights = Buffer.concat(paths.map((path) => readFileSync(`${folder}/${path}`)));
  return parseTfjsNetwork(folder, text, { weights });
}

function readCores(file) {
  const open = (path) => {
    const place = join(dirname(file), path);
    return existsSync(place) ? readFileSync(place, 'utf8') : undefined;
  };
  return readHardware(file, readFileSync(file, 'utf8'), open).cores;
}

const sizeOf = (layer, dim) => layer.loops.find((loop) => loop.dim === dim)?.size ?? 1;

/** What a layer's kernel calls depend on. */
function shapeOf(layer) {
  const size = (dim) => sizeOf(layer, dim);
  const [x, y] = ['IX', 'IY'].map((name) => layer.relations.find(({ dim }) => dim === name));
  const isDepthwise = size('G') > 1;
  return {
    kernel: [size('FY'), size('FX')],
    strides: [y.coefficients[0], x.coefficients[0]],
    dilations: [y.coefficients[1], x.coefficients[1]],
    before: [y.padding[0], x.padding[0]],
    input: [y.size, x.size],
    output: [size('OY'), size('OX')],
    from: isDepthwise ? size('G') : size('C'),
    to: isDepthwise ? size('G') : size('K'),
    isDepthwise,
  };
}

/** A call of a microkernel on a layer with every pixel. */
function callOf(shape, { name, rowBlock }) {
  const { kernel, strides, dilations, before, input, output, from, to } = shape;
  const rows = output[0] * output[1];
  const taps = kernel[0] * kernel[1];
  const weights = shape.isDepthwise
    ? { Weights: placeFloats(taps * from), Bias: placeFloats(from) }
    : { Weights: placeWeights(name, taps, from, to) };
  const command = placeCommand({
    ...{ InBase: placeFloats(input[0] * input[1] * from), InStride: from * 4, InChannels: from },
    ...{ OutBase: placeFloats(rows * to), OutStride: to * 4, OutChannels: to },
    ...{ InH: input[0], InW: input[1], OutH: output[0], OutW: output[1] },
    ...{ KernelH: kernel[0], KernelW: kernel[1], StrideH: strides[0], StrideW: strides[1] },
    ...{ DilationH: dilations[0], DilationW: dilations[1], PadTop: before[0], PadLeft: before[1] },
    ...weights,
    RowBlock: rowBlock,
  });
  return () => modules.relaxed[name](command, 0, rows, scratch);
}

/** The layers that microkernels compute, each shape once. */
function shapesOf({ layers }, cores) {
  const shapes = new Map();
  for (const layer of layers) {
    const isSide = layer.type !== 'Conv';
    const core = cores[isSide ? cores.length - 1 : 0];
    const mappings = mapOnMicrokernels(layer, core, 'latency', false);
    if (mappings.length === 0) continue;
    const shape = shapeOf(layer);
    const key = JSON.stringify([shape, layer.type]);
    const entry = shapes.get(key) ?? { layer, shape, core, mappings, times: 0 };
    entry.times++;
    shapes.set(key, entry);
  }
  return [...shapes.values()];
}

const cores = readCores(options.hardware);
const results = shapesOf(readNetwork(NETWORK), cores).map(
  ({ layer, shape, core, mappings, times }) => {
    const free = mark();
    const { clockGhz } = core.microkernelCore.pipeline;
    const measured = race(
      mappings.map(({ microkernel }) => callOf(shape, microkernel)),
      { rounds: ROUNDS },
    );
    free();
    process.stderr.write('.');
    return {
      definition: layer,
      layer: `${layer.type} ${shape.kernel.join('x')}${shape.strides[0] > 1 ? `/${shape.strides[0]}` : ''}, ${shape.from} to ${shape.to}, ${shape.output.join('x')}`,
      times,
      tiles: mappings.map((mapping, i) => ({
        kernel: mapping.microkernel.name,
        rowBlock: mapping.microkernel.rowBlock,
        predicted: mapping.latency / clockGhz / 1e6,
        measured: measured[i],
        macs: mapping.cycles.ideal * 8,
      })),
    };
  },
);
process.stderr.write('\n');
const ranking = rankingOf(results);
if (options.json) {
  process.stdout.write(`${JSON.stringify({ ...ranking, layers: results }, null, 2)}\n`);
} else {
  const machine =
    /: (.*)\.$/m.exec(readFileSync(options.hardware, 'utf8'))?.[1] ?? options.hardware;
  writeFileSync(options.out, rankingPage(results, ranking, machine));
  process.stdout.write(`${options.out}\n`);
  if (options.hardware === SHIPPED_HARDWARE) {
    writeFileSync(RECORD, recordOf(machine, results));
    process.stdout.write(`${RECORD}\n`);
  }
}
