/** Peak WebAssembly heap on the published workload, and start-up, in fresh processes. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pairedRatios, spread, type Spread } from '../../cli/src/statistics.js';
import { formatTable } from '../../cli/src/table.js';
import { inRoot, printResults, programOptions, say, WORKLOAD, workloadPicture } from './host.js';

/** What a probe is to run. */
export interface ProbeOptions {
  backend: 'wasm' | 'dynconv';
  /** A graph model's folder. */
  model: string;
  /** A file with its input, raw float32. */
  picture: string;
}

/** What a probe measured. */
export interface ProbeResult {
  /** Milliseconds from before the first import to the first result. */
  firstResult: number;
  /** Size of the WebAssembly memory after three predictions; it never shrinks. */
  heapBytes: number;
}

interface Document {
  runtime: string;
  heapBytes: { wasm: number; dynconv: number };
  startUp: { wasm: Spread; dynconv: Spread; ratio: Spread };
}

const PROBE = fileURLToPath(new URL('probe.mjs', import.meta.url));
const SMALL_MODEL = 'models/fixtures/mobilenetv2-hourglass/graph';
const SMALL_SIZE = 64;
const DEFAULT_RUNS = 15;
const WARMUP_RUNS = 2;

function probe(options: ProbeOptions): ProbeResult {
  const output = execFileSync(
    process.execPath,
    [...process.execArgv, PROBE, JSON.stringify(options)],
    { encoding: 'utf8' },
  );
  return JSON.parse(output) as ProbeResult;
}

function measureStartUp(picture: string, runs: number): Document['startUp'] {
  const times = { wasm: [] as number[], dynconv: [] as number[] };
  const backends = ['wasm', 'dynconv'] as const;
  for (let run = -WARMUP_RUNS; run < runs; run++) {
    for (const backend of run % 2 === 0 ? backends : [...backends].reverse()) {
      const { firstResult } = probe({ backend, model: inRoot(SMALL_MODEL), picture });
      if (run >= 0) times[backend].push(firstResult);
    }
  }
  return {
    wasm: spread(times.wasm),
    dynconv: spread(times.dynconv),
    ratio: spread(pairedRatios(times.dynconv, times.wasm)),
  };
}

function format({ runtime, heapBytes, startUp }: Document): string {
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const row = (name: 'wasm' | 'dynconv'): string[] => [
    name,
    mebibytes(heapBytes[name]),
    startUp[name].median.toFixed(0),
    `${startUp[name].lower.toFixed(0)}-${startUp[name].upper.toFixed(0)}`,
  ];
  const { median, lower, upper } = startUp.ratio;
  return [
    runtime,
    formatTable(['', 'peak heap', 'start-up ms', 'quartiles'], [row('wasm'), row('dynconv')]),
    `start-up, dynconv over wasm: ${median.toFixed(2)} (${lower.toFixed(2)}-${upper.toFixed(2)})`,
  ].join('\n\n');
}

const options = programOptions();
const folder = await mkdtemp(join(tmpdir(), 'dynconv-bench-'));
try {
  const picture = join(folder, 'picture.bin');
  await writeFile(picture, new Uint8Array((await workloadPicture()).buffer));
  const small = join(folder, 'small.bin');
  await writeFile(small, new Uint8Array(new Float32Array(SMALL_SIZE ** 2 * 3).fill(0.1).buffer));
  say('peak heap on the published workload');
  const heapOf = (backend: ProbeOptions['backend']): number =>
    probe({ backend, model: inRoot(WORKLOAD), picture }).heapBytes;
  const heapBytes = { wasm: heapOf('wasm'), dynconv: heapOf('dynconv') };
  say('start-up, from the first import to the first result of a small model');
  const document: Document = {
    runtime: `Node ${process.versions.node}`,
    heapBytes,
    startUp: measureStartUp(small, options.runs ?? DEFAULT_RUNS),
  };
  printResults(options.json, document, format(document));
} finally {
  await rm(folder, { recursive: true });
}
