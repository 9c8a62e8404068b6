/**
 * Sets the biases of a converted model's masks so that, on a photograph, each dynamic block executes the published share
 * of its multiply-accumulates (MACs):
 *
 *     node models/calibrate.mjs models/mobilenetv2-hourglass-s0125 models/photos/astronaut.jpg
 *
 * The folder holds model.json, whose weights are changed in place, dynconv.json (how to normalize the photograph), and
 * published.json (the shares, block by block in order of execution). The result is written to calibration.json.
 *
 * A block that keeps m of its pixels computes its depthwise convolution and its projection there, and its expansion on
 * the d pixels of their 3x3 neighbourhoods. Earlier masks change the features that later ones read, so the blocks are
 * set one after the other.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

/** How far, in shares of a block's MACs, a bias may move to lie in a wide gap between two logits. */
const TOLERANCE = 0.002;

/** A model's files, its weights in one buffer that can be changed. */
async function readModel(folder) {
  const { weightsManifest, ...topology } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  const paths = weightsManifest.flatMap((group) => group.paths.map((path) => join(folder, path)));
  const shards = await Promise.all(paths.map((path) => readFile(path)));
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const bytes = Uint8Array.from(Buffer.concat(shards));
  return {
    /** The position of a float32 scalar weight. */
    offsetOf(name) {
      let offset = 0;
      for (const spec of weightSpecs) {
        if (spec.name === name) {
          if (tf.util.sizeFromShape(spec.shape) !== 1 || spec.quantization) throw new Error(`${name} is no float32 scalar`);
          return offset;
        }
        const { dtype } = spec.quantization ?? spec;
        offset += tf.util.sizeFromShape(spec.shape) * { uint8: 1, float16: 2, uint16: 2, float32: 4, int32: 4 }[dtype];
      }
      throw new Error(`the model has no weight ${name}`);
    },
    view: new DataView(bytes.buffer),
    load: () => loadGraphModel({ load: async () => ({ ...topology, weightSpecs, weightData: bytes.buffer }) }),
    async write() {
      let offset = 0;
      for (const [i, path] of paths.entries()) {
        await writeFile(path, bytes.subarray(offset, offset + shards[i].length));
        offset += shards[i].length;
      }
    },
    names: topology.modelTopology.node.map((node) => node.name),
  };
}

/** A square photograph as the network takes it: [1, size, size, 3]. */
async function readPhotograph(file, size, { mean, std }) {
  const image = await loadImage(file);
  if (image.width !== image.height) throw new Error(`${file} is ${image.width}x${image.height}: a square is needed`);
  const context = createCanvas(size, size).getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, size, size);
  const { data } = context.getImageData(0, 0, size, size);
  return tf.tidy(() => {
    const rgb = tf.slice(tf.tensor(Float32Array.from(data), [1, size, size, 4]), [0, 0, 0, 0], [-1, -1, -1, 3]);
    return tf.div(tf.sub(tf.div(rgb, 255), mean), std);
  });
}

/** How many pixels lie in the 3x3 neighbourhoods of the mask's pixels. */
function dilatedCount(mask, size) {
  let count = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const near = [-1, 0, 1].some((dy) =>
        [-1, 0, 1].some((dx) => {
          const [row, column] = [y + dy, x + dx];
          return row >= 0 && row < size && column >= 0 && column < size && mask[row * size + column];
        }),
      );
      if (near) count++;
    }
  }
  return count;
}

/** What keeping the `active` largest logits costs. */
function cost(logits, order, active, { size, macs }) {
  const mask = new Uint8Array(logits.length);
  for (const pixel of order.subarray(0, active)) mask[pixel] = 1;
  const dilated = dilatedCount(mask, size);
  const executed = macs.expand * dilated + (macs.depthwise + macs.project) * active;
  const total = (macs.expand + macs.depthwise + macs.project) * logits.length;
  return { active, dilated, executed, total, share: executed / total };
}

/** The best number of pixels to keep for a share of the MACs, and the threshold on the logits that keeps them. */
function threshold(logits, share, block) {
  const order = Uint32Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a]);
  const sorted = Float64Array.from(order, (pixel) => logits[pixel]);
  const costOf = (active) => cost(logits, order, active, block);
  if (share === 0) return { at: sorted[0] + 0.5, ...costOf(0) };
  let [low, high] = [1, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (costOf(middle).share < share) low = middle + 1;
    else high = middle;
  }
  const error = (active) => Math.abs(costOf(active).share - share);
  const nearest = low > 1 && error(low - 1) < error(low) ? low - 1 : low;
  const gap = (active) => sorted[active - 1] - (sorted[active] ?? -Infinity);
  let best = nearest;
  for (const step of [-1, 1]) {
    for (let n = nearest + step; n >= 1 && n < sorted.length && error(n) <= error(nearest) + TOLERANCE; n += step) {
      if (gap(n) > gap(best)) best = n;
    }
  }
  const next = sorted[best] ?? sorted[best - 1] - 1;
  return { at: (sorted[best - 1] + next) / 2, ...costOf(best) };
}

/** The published percentages are rounded; within that rounding, shifts them so that they add up to the published sum. */
function publishedShares({ blocks, conditionalMacs, conditionalMacsExecuted }) {
  const pixels = blocks.reduce((sum, { size }) => sum + size ** 2, 0);
  const weight = ({ size }) => (size ** 2 / pixels) * conditionalMacs;
  const nonZero = blocks.filter(({ executedMacsPercent }) => executedMacsPercent > 0);
  const sum = (list, value) => list.reduce((total, block) => total + weight(block) * value(block), 0);
  const excess = sum(blocks, ({ executedMacsPercent }) => executedMacsPercent / 100) - conditionalMacsExecuted;
  const shift = excess / sum(nonZero, () => 1);
  if (Math.abs(shift) > 0.005) throw new Error('published.json: the percentages do not add up to the published sum');
  return blocks.map(({ executedMacsPercent: p }) => (p > 0 ? p / 100 - shift : 0));
}

const [folder, photo] = process.argv.slice(2);
if (!folder || !photo) {
  console.error('usage: node models/calibrate.mjs MODEL_FOLDER PHOTOGRAPH');
  process.exit(2);
}
const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(resolve(dirname(wasm)) + sep);
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
await tf.setBackend('wasm');

const published = JSON.parse(await readFile(join(folder, 'published.json'), 'utf8'));
const card = JSON.parse(await readFile(join(folder, 'dynconv.json'), 'utf8'));
const model = await readModel(folder);
const { channels, hiddenChannels } = published;
const macs = { expand: channels * hiddenChannels, depthwise: 9 * hiddenChannels, project: hiddenChannels * channels };
const shares = publishedShares(published);
let input;
const results = [];
for (const [i, { name, size, executedMacsPercent }] of published.blocks.entries()) {
  const node = model.names.find((candidate) => candidate.endsWith(`/${name}_mask_conv/BiasAdd`));
  if (!node) throw new Error(`the model has no mask ${name}`);
  const offset = model.offsetOf(`${node}/ReadVariableOp`);
  model.view.setFloat32(offset, 0, true);
  const graph = await model.load();
  input ??= await readPhotograph(photo, graph.inputs[0].shape[1], card.input);
  const output = graph.execute(input, node);
  const logits = await output.data();
  if (logits.length !== size ** 2) throw new Error(`${name}: ${logits.length} pixels, published are ${size ** 2}`);
  output.dispose();
  graph.dispose();
  const { at, ...result } = threshold(logits, shares[i], { size, macs });
  model.view.setFloat32(offset, -at, true);
  results.push({ name, size, publishedPercent: executedMacsPercent, ...result });
  console.log(
    name.padEnd(20),
    `${size}x${size}`.padEnd(6),
    `published ${String(executedMacsPercent).padStart(3)}%  executed ${(100 * result.share).toFixed(2).padStart(6)}%`,
    ` density ${((100 * result.active) / size ** 2).toFixed(1).padStart(5)}%`,
  );
}
await model.write();

const executed = results.reduce((sum, block) => sum + block.executed, 0);
const percent = (100 * executed) / published.conditionalMacs;
console.log(`conditional MACs executed: ${executed} (${percent.toFixed(2)}%), published: ${published.conditionalMacsExecuted}`);
const blocks = results.map(({ name, size, publishedPercent, share, active, dilated }) => {
  return { name, size, publishedPercent, executedPercent: Number((100 * share).toFixed(2)), active, dilated };
});
const lines = blocks.map((block) => `    ${JSON.stringify(block)}`).join(',\n');
await writeFile(
  join(folder, 'calibration.json'),
  `{\n  "photograph": ${JSON.stringify(photo.split(/[\\/]/).at(-1))},\n  "conditionalMacsExecuted": ${executed},\n  "blocks": [\n${lines}\n  ]\n}\n`,
);
