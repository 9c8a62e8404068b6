/**
 * Measures this machine's core as WebAssembly sees it, and writes it as hardware for the mapping
 * explorer: two PE arrays, whose spatial unrollings are the tiles of the microkernels.
 *
 *     npm run measure-cpu [-- --out FOLDER]      hardware/ by default
 *
 * Figures are the fastest of many short slices, taken in turns.
 */
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { coreFile, platformFile } from './lib/cpu-files.mjs';
import { race } from './lib/kernel-harness.mjs';
import { calibrate, MICROKERNELS } from './lib/calibrate.mjs';
import * as loops from './lib/wasm-loops.mjs';

const { values: options } = parseArgs({
  options: { out: { type: 'string', default: 'hardware' } },
});

/**
 * Vector registers that V8 hands out: the instruction set's, less one that it keeps (on arm64, two).
 * Spilling cannot be timed apart from its effects, so these are not measured.
 */
const REGISTERS = { x64: 15, arm64: 30 };
const KIB = 1024;
/** A buffer of no cache's size. */
const MEMORY_BYTES = 64 * KIB * KIB;

/** Bytes of the data caches, from Linux, the first-level cache first. */
function cacheSizes() {
  const sizes = [];
  for (let index = 0; index < 8; index++) {
    const folder = `/sys/devices/system/cpu/cpu0/cache/index${index}`;
    try {
      const [type, size] = ['type', 'size'].map((file) =>
        readFileSync(`${folder}/${file}`, 'utf8').trim(),
      );
      if (type !== 'Instruction') sizes.push(Number.parseInt(size, 10) * KIB);
    } catch {
      break;
    }
  }
  if (sizes.length < 3) {
    throw new Error('The sizes of three caches are needed, which this system does not tell.');
  }
  return sizes;
}

const powerOfTwo = (bytes) => 2 ** Math.floor(Math.log2(bytes));

async function measurePipeline(caches) {
  const [, second, third] = caches;
  const streams = [second / 2, third / 8, MEMORY_BYTES].map(powerOfTwo);
  const all = await Promise.all([
    loops.integerChain(),
    loops.multiplyAdds(1),
    loops.multiplyAdds(12),
    loops.loads(),
    loops.stores(),
    loops.chainThroughMemory(),
    ...streams.map(loops.stream),
  ]);
  const times = race(all.map(({ run }) => run));
  // Operations a nanosecond.
  const [clock, chain, multiplyAdds, loads, stores, memoryChain, ...bytes] = all.map(
    ({ operations }, i) => operations / times[i] / 1e6,
  );
  return {
    clock,
    multiplyAdds: multiplyAdds / clock,
    multiplyAddLatency: clock / chain,
    spilledLatency: clock / memoryChain,
    loads: loads / clock,
    stores: stores / clock,
    bandwidths: bytes.map((rate) => rate / clock),
  };
}

const registers = REGISTERS[arch()];
if (registers === undefined) throw new Error(`How many vector registers has ${arch()}?`);
const caches = cacheSizes();
const pipeline = await measurePipeline(caches);
const microkernels = MICROKERNELS.map((kernel) => ({ ...kernel, ...calibrate(kernel, pipeline) }));
const machine = `${cpus()[0]?.model.trim() ?? 'a core'}, Node ${process.versions.node}, relaxed SIMD`;
const described = { machine, caches, pipeline, registers };
const folder = options.out;
mkdirSync(`${folder}/cores`, { recursive: true });
const write = (file, text) => {
  writeFileSync(`${folder}/${file}`, text);
  process.stdout.write(`${folder}/${file}\n`);
};
write('cpu-wasm-simd.yaml', platformFile(described));
for (const array of ['main', 'side']) {
  const own = microkernels.filter(({ arrays }) => arrays.includes(array));
  write(`cores/cpu-${array}-array.yaml`, coreFile(array, described, own));
}
