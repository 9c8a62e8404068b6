/** Runs the kernels alone on inputs of random values, in one memory, and times them in turns. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { transformSync } from 'esbuild';

const ROOT = new URL('../../', import.meta.url);

if (Number(process.versions.node.split('.')[0]) < 22) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
}

const { code } = transformSync(readFileSync(new URL('kernels/command.ts', ROOT), 'utf8'), {
  loader: 'ts',
});
const { Word } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const memory = new WebAssembly.Memory({ initial: 4096, maximum: 65536 });
const SCRATCH_BYTES = 65536;
let top = 1024;

/** The kernels' exports, by the instruction set that they were compiled for. */
export const modules = {
  simd: await instantiate('simd'),
  relaxed: await instantiate('relaxed-simd'),
};

async function instantiate(variant) {
  const bytes = readFileSync(new URL(`dist/dynconv-${variant}.wasm`, ROOT));
  return (await WebAssembly.instantiate(bytes, { env: { memory } })).instance.exports;
}

function alloc(bytes) {
  const address = top;
  top = (top + bytes + 63) & ~63;
  if (top > memory.buffer.byteLength) throw new Error('out of memory');
  return address;
}

/** Frees all that was placed since `mark` was taken. */
export function mark() {
  const before = top;
  return () => {
    top = before;
  };
}

export const scratch = alloc(SCRATCH_BYTES);
const zero = alloc(65536);

export function placeFloats(count) {
  const address = alloc(count * 4);
  const values = new Float32Array(memory.buffer, address, count);
  for (let i = 0; i < count; i++) values[i] = Math.random() - 0.5;
  return address;
}

function placeInts(values) {
  const address = alloc(values.length * 4);
  new Int32Array(memory.buffer, address, values.length).set(values);
  return address;
}

export function placeCommand(fields) {
  const words = new Int32Array(Word.Count);
  const floats = new Float32Array(words.buffer);
  const defaults = {
    ...{ InMask: -1, In2Mask: -1, OutMask: -1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1 },
    ...{ KernelH: 1, KernelW: 1, Zero: zero, RowBlock: 64 },
  };
  for (const [name, value] of Object.entries({ ...defaults, ...fields })) words[Word[name]] = value;
  floats[Word.Min] = fields.Min ?? 0;
  floats[Word.Max] = fields.Max ?? 6;
  return placeInts(words);
}

/** A random share of the pixels, and its table of rows. */
export function placeSet(total, density) {
  const pixels = [];
  const rowOf = new Array(total).fill(-1);
  for (let p = 0; p < total; p++) {
    if (Math.random() < density) rowOf[p] = pixels.push(p) - 1;
  }
  return { rows: pixels.length, pixels: placeInts(pixels), rowOf: placeInts(rowOf) };
}

export function windowFields(height, width, kernel, stride = 1) {
  return {
    ...{ InH: height, InW: width, OutH: height / stride, OutW: width / stride },
    ...{ KernelH: kernel, KernelW: kernel, StrideH: stride, StrideW: stride },
    ...{ PadTop: kernel >> 1, PadLeft: kernel >> 1 },
  };
}

/** Weights of a convolution, packed for a kernel that is named by its tile. */
export function placeWeights(kernel, taps, from, to) {
  const weights = placeFloats(taps * from * to);
  const panel = Number(kernel.split('x').pop());
  const { simd } = modules;
  const [bytes, pack] =
    panel === 1
      ? [simd.packed_igemm_x1_bytes, simd.pack_igemm_x1]
      : [simd.packed_igemm_bytes.bind(null, panel), simd.pack_igemm.bind(null, panel)];
  const packed = alloc(bytes(taps, from, to));
  pack(weights, 0, taps, from, to, packed);
  return packed;
}

/** Milliseconds of a call, over as many calls as are said. */
export function time(run, calls) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return (performance.now() - start) / calls;
}

/**
 * Times contestants in turns, so that what else the machine does falls on all of them.
 *
 * @param {(() => void)[]} runs
 * @returns {number[]} of each, the milliseconds of its fastest slice
 */
export function race(runs, { rounds = 15, slice = 1 } = {}) {
  const best = runs.map(() => Infinity);
  const calls = runs.map(() => 1);
  for (let round = 0; round < rounds + 3; round++) {
    runs.forEach((run, i) => {
      const milliseconds = time(run, calls[i]);
      // The first rounds are those in which the engine compiles.
      best[i] = round < 3 ? milliseconds : Math.min(best[i], milliseconds);
      calls[i] = Math.max(1, Math.ceil(slice / milliseconds));
    });
  }
  return best;
}
