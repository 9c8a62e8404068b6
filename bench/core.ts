import * as tf from '@tensorflow/tfjs-core';
import { profile } from 'tfjs-backend-dynconv';
import { contest, type Contestant } from '../cli/src/contest.js';
import { largestDifference, pairedRatios, spread, type Spread } from '../cli/src/statistics.js';
import { hourglass } from './hourglass.js';
import { mobileNetV2 } from './mobilenet-v2.js';
import type { Network } from './network.js';

/** A network to be timed on every backend. */
interface Workload {
  name: string;
  make(): Promise<Network>;
}

/** How much to run. */
export interface BenchOptions {
  /** Timed runs of each contestant. */
  runs: number;
  /** Timed runs on the cpu backend, which takes up to a minute for one; 0 for none. */
  cpuRuns: number;
}

const DEFAULTS: BenchOptions = { runs: 15, cpuRuns: 1 };

/** One way of running a network. */
export interface ContestantResult {
  name: string;
  milliseconds: Spread;
  /** How many times as fast as `wasm`, round by round. */
  speedup: Spread;
  /** Largest difference from `wasm`'s output over its largest value. */
  difference: number;
}

/** What a workload's contest gave. */
export interface WorkloadResult {
  name: string;
  macs: { total: number; executed: number };
  /** All multiply-accumulates over executed ones. */
  theoreticalGain: number;
  /** dynconv computing every pixel over dynconv, round by round. */
  ownGain: Spread;
  /** The kernel variants that ran, by how many layers each. */
  variants: Record<string, number>;
  contestants: ContestantResult[];
}

const WARMUP_RUNS = 4;
/** Every way of running; the first is what the others are compared with. */
const WAYS = [
  { name: 'wasm', backend: 'wasm', skip: true },
  { name: 'dynconv, skipping', backend: 'dynconv', skip: true },
  { name: 'dynconv, every pixel', backend: 'dynconv', skip: false },
  { name: 'cpu', backend: 'cpu', skip: true },
] as const;

/**
 * Benchmarks the published workload and a dense MobileNetV2, one after the other.
 *
 * @param model where the published workload's `model.json` lies, or what loads it.
 * @param picture its input, float32 [height, width, 3], preprocessed.
 * @param say hears of the progress.
 */
export async function benchNetworks(
  model: string | tf.io.IOHandler,
  picture: Float32Array,
  options: Partial<BenchOptions>,
  say: (text: string) => void,
): Promise<WorkloadResult[]> {
  const workloads: Workload[] = [
    { name: 'published workload', make: () => hourglass(model, picture) },
    { name: 'MobileNetV2 1.0 at 224x224, dense', make: () => Promise.resolve(mobileNetV2()) },
  ];
  const results: WorkloadResult[] = [];
  for (const workload of workloads) {
    say(workload.name);
    const { runs = DEFAULTS.runs, cpuRuns = DEFAULTS.cpuRuns } = options;
    results.push(await benchWorkload(workload, { runs, cpuRuns }));
  }
  return results;
}

/**
 * Runs a network on `wasm`, on `dynconv` skipping and not, and on `cpu`, in turns in this process.
 */
async function benchWorkload(
  workload: Workload,
  { runs, cpuRuns }: BenchOptions,
): Promise<WorkloadResult> {
  const networks = new Map<string, Network>();
  const outputs = new Map<string, ArrayLike<number>>();
  const ways = WAYS.filter(({ backend }) => backend !== 'cpu' || cpuRuns > 0);
  for (const { backend } of ways) {
    if (networks.has(backend)) continue;
    await tf.setBackend(backend);
    networks.set(backend, await workload.make());
  }
  const contestants = ways.map(({ name, backend, skip }): Contestant => {
    const network = get(networks, backend);
    const slow = backend === 'cpu';
    return {
      name,
      warmup: slow ? 0 : WARMUP_RUNS,
      runs: slow ? cpuRuns : runs,
      run: async () => {
        outputs.set(name, await predictOn(backend, skip, network));
      },
    };
  });
  const times = await contest(contestants);
  const { layers, macs } = await profileOn(get(networks, 'dynconv'));
  for (const [backend, network] of networks) {
    await tf.setBackend(backend);
    network.dispose();
  }
  const reference = { times: get(times, 'wasm'), output: get(outputs, 'wasm') };
  const variants: Record<string, number> = {};
  for (const { variant } of layers) {
    const name = variant === '' ? 'nothing to compute' : variant;
    variants[name] = (variants[name] ?? 0) + 1;
  }
  return {
    name: workload.name,
    macs,
    theoreticalGain: macs.total / macs.executed,
    ownGain: spread(
      pairedRatios(get(times, 'dynconv, every pixel'), get(times, 'dynconv, skipping')),
    ),
    variants,
    contestants: ways.map(({ name }) => ({
      name,
      milliseconds: spread(get(times, name)),
      speedup: spread(pairedRatios(reference.times, get(times, name))),
      difference: largestDifference(get(outputs, name), reference.output),
    })),
  };
}

/** Runs a network once with the DYNCONV_SKIP flag as given, to the end. */
async function predictOn(
  backend: string,
  skip: boolean,
  network: Network,
): Promise<ArrayLike<number>> {
  if (tf.getBackend() !== backend) await tf.setBackend(backend);
  tf.env().set('DYNCONV_SKIP', skip);
  const output = network.predict();
  const values = await output.data();
  output.dispose();
  return values;
}

async function profileOn(network: Network): ReturnType<typeof profile<void>> {
  await tf.setBackend('dynconv');
  return profile(async () => {
    await predictOn('dynconv', true, network);
  });
}

/** The median gain that skipping brought over the gain that its executed operations promise. */
export function gainShare({ ownGain, theoreticalGain }: WorkloadResult): number {
  return ownGain.median / theoreticalGain;
}

function get<K, V>(map: Map<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`Nothing is known of ${String(key)}.`);
  return value;
}
