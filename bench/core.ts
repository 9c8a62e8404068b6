import * as tf from '@tensorflow/tfjs-core';
import { profile } from 'tfjs-backend-dynconv';
import { contest, type Contestant } from '../cli/src/contest.js';
import { largestDifference, pairedRatios, spread, type Spread } from '../cli/src/statistics.js';
import { hourglass } from './hourglass.js';
import { mobileNetV2 } from './mobilenet-v2.js';
import { captured, type Network } from './network.js';
import type { Peer } from './peers/peer.js';

/** A network to be timed on every backend. */
interface Workload {
  name: string;
  make(): Promise<Network>;
  /** Other runtimes that have it. */
  peers: readonly Peer[];
}

/** How much to run. */
export interface BenchOptions {
  /** Timed runs of each contestant. */
  runs: number;
  /** Timed runs on the cpu backend, which takes up to a minute for one; 0 for none. */
  cpuRuns: number;
  /** Threads that dynconv computes on, beside on one. */
  lanes: number;
}

const DEFAULTS = { runs: 15, cpuRuns: 1 };

/** One way of running a network. */
export interface ContestantResult {
  name: string;
  milliseconds: Spread;
  /** How many times as fast as `wasm`, round by round. */
  speedup: Spread;
  /** Largest difference from `wasm`'s output over its largest value; null for another network. */
  difference: number | null;
}

/** What a workload's contest gave. */
export interface WorkloadResult {
  name: string;
  macs: { total: number; executed: number };
  /** All multiply-accumulates over executed ones. */
  theoreticalGain: number;
  /** dynconv computing every pixel over dynconv, round by round. */
  ownGain: Spread;
  /** The same by captured kernels. */
  capturedGain: Spread;
  /** dynconv on one lane over dynconv on all, round by round; only where there are several. */
  lanesGain?: Record<'lanes', number> & Record<'skipping' | 'everyPixel' | 'captured', Spread>;
  /** The kernel variants that ran, by how many layers each. */
  variants: Record<string, number>;
  contestants: ContestantResult[];
}

/** Of each contestant, before any is timed: as long as engines take to compile what runs for good. */
const WARMUP = { warmup: 4, warmupTime: 1500 };
const SKIPPING = 'dynconv, skipping';
const EVERY_PIXEL = 'dynconv, every pixel';
const CAPTURED = ', captured';
const ON_ONE_LANE = ', one lane';

/** A way of running a network on a backend. */
interface Way {
  name: string;
  backend: 'wasm' | 'dynconv' | 'cpu';
  skip: boolean;
  /** By captured kernels. */
  isCaptured?: boolean;
  /** Threads of dynconv. */
  lanes: number;
}

/** Every way of running; the first is what the others are compared with. */
function waysOf({ lanes, cpuRuns }: BenchOptions): Way[] {
  const asItIs = [
    { name: SKIPPING, backend: 'dynconv', skip: true, lanes },
    { name: EVERY_PIXEL, backend: 'dynconv', skip: false, lanes },
  ] as const;
  const captured = asItIs.map((way) => ({ ...way, name: way.name + CAPTURED, isCaptured: true }));
  const dynconv = [...asItIs, ...captured];
  const single = dynconv.map((way) => ({ ...way, name: way.name + ON_ONE_LANE, lanes: 1 }));
  return [
    { name: 'wasm', backend: 'wasm', skip: true, lanes },
    ...dynconv,
    ...(lanes > 1 ? single : []),
    ...(cpuRuns > 0 ? [{ name: 'cpu', backend: 'cpu', skip: true, lanes } as const] : []),
  ];
}

/**
 * Benchmarks the published workload and a dense MobileNetV2, one after the other.
 *
 * @param model where the published workload's `model.json` lies, or what loads it.
 * @param picture its input, float32 [height, width, 3], preprocessed.
 * @param peers other runtimes, with the published workload.
 * @param say hears of the progress.
 */
export async function benchNetworks(
  model: string | tf.io.IOHandler,
  picture: Float32Array,
  options: Partial<BenchOptions>,
  peers: readonly Peer[],
  say: (text: string) => void,
): Promise<WorkloadResult[]> {
  const dense = (): Promise<Network> => Promise.resolve(mobileNetV2());
  const workloads: Workload[] = [
    { name: 'published workload', make: () => hourglass(model, picture), peers },
    { name: 'MobileNetV2 1.0 at 224x224, dense', make: dense, peers: [] },
  ];
  const results: WorkloadResult[] = [];
  for (const workload of workloads) {
    say(workload.name);
    const { runs = DEFAULTS.runs, cpuRuns = DEFAULTS.cpuRuns } = options;
    const lanes = options.lanes ?? tf.env().getNumber('DYNCONV_LANES');
    results.push(await benchWorkload(workload, { runs, cpuRuns, lanes }));
  }
  return results;
}

/**
 * Runs a network on `wasm`, on `dynconv` skipping and not, on `cpu`, and on peers, in turns in this
 * process.
 */
async function benchWorkload(workload: Workload, options: BenchOptions): Promise<WorkloadResult> {
  const { runs, cpuRuns, lanes } = options;
  const networks = new Map<string, Network>();
  const outputs = new Map<string, ArrayLike<number>>();
  const ways = waysOf(options);
  for (const { backend } of ways) {
    if (networks.has(backend)) continue;
    await tf.setBackend(backend);
    networks.set(backend, await workload.make());
  }
  await tf.setBackend('dynconv');
  const replay = captured(get(networks, 'dynconv'));
  const contestants = ways.map((way): Contestant => {
    const network = way.isCaptured ? replay : get(networks, way.backend);
    const slow = way.backend === 'cpu';
    return {
      name: way.name,
      ...(slow ? { warmup: 0 } : WARMUP),
      runs: slow ? cpuRuns : runs,
      run: async () => {
        outputs.set(way.name, await predictOn(way, network));
      },
    };
  });
  const peers = await Promise.all(
    workload.peers.map(async ({ name, load }) => ({ name, network: await load() })),
  );
  for (const { name, network } of peers) {
    const run = async (): Promise<void> => {
      outputs.set(name, await network.predict());
    };
    contestants.push({ name, ...WARMUP, runs, run });
  }
  const times = await contest(contestants);
  const { layers, macs } = await profileOn(get(networks, 'dynconv'), lanes);
  replay.dispose();
  for (const [backend, network] of networks) {
    await tf.setBackend(backend);
    network.dispose();
  }
  for (const { network } of peers) await network.dispose();
  const wasm = { times: get(times, 'wasm'), output: get(outputs, 'wasm') };
  const gain = (slower: string, faster: string): Spread =>
    spread(pairedRatios(get(times, slower), get(times, faster)));
  const isOther = (name: string): boolean =>
    workload.peers.some((peer) => peer.name === name && peer.isDense);
  return {
    name: workload.name,
    macs,
    theoreticalGain: macs.total / macs.executed,
    ownGain: gain(EVERY_PIXEL, SKIPPING),
    capturedGain: gain(EVERY_PIXEL + CAPTURED, SKIPPING + CAPTURED),
    ...(lanes > 1 && {
      lanesGain: {
        lanes,
        skipping: gain(SKIPPING + ON_ONE_LANE, SKIPPING),
        everyPixel: gain(EVERY_PIXEL + ON_ONE_LANE, EVERY_PIXEL),
        captured: gain(SKIPPING + CAPTURED + ON_ONE_LANE, SKIPPING + CAPTURED),
      },
    }),
    variants: countVariants(layers),
    contestants: contestants.map(({ name }) => ({
      name,
      milliseconds: spread(get(times, name)),
      speedup: spread(pairedRatios(wasm.times, get(times, name))),
      difference: isOther(name) ? null : largestDifference(get(outputs, name), wasm.output),
    })),
  };
}

/** How many layers each kernel computed. */
function countVariants(layers: readonly { variant: string }[]): Record<string, number> {
  const variants: Record<string, number> = {};
  for (const { variant } of layers) {
    const name = variant === '' ? 'nothing to compute' : variant;
    variants[name] = (variants[name] ?? 0) + 1;
  }
  return variants;
}

/** Runs a network once, to the end. */
async function predictOn(
  { backend, skip, lanes }: Way,
  network: Network,
): Promise<ArrayLike<number>> {
  if (tf.getBackend() !== backend) await tf.setBackend(backend);
  if (backend === 'dynconv') tf.env().set('DYNCONV_LANES', lanes);
  tf.env().set('DYNCONV_SKIP', skip);
  const output = network.predict(network.input);
  const values = await output.data();
  output.dispose();
  return values;
}

async function profileOn(network: Network, lanes: number): ReturnType<typeof profile<void>> {
  await tf.setBackend('dynconv');
  tf.env().set('DYNCONV_LANES', lanes);
  return profile(async () => {
    const output = network.predict(network.input);
    await output.data();
    output.dispose();
  });
}

function get<K, V>(map: Map<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`Nothing is known of ${String(key)}.`);
  return value;
}
