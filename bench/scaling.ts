import type { Spread } from '../cli/src/statistics.js';
import { formatTable } from '../cli/src/table.js';
import { formatEnvironment, type Environment } from './report.js';

/** What was measured of a network. */
export interface Measured {
  name: string;
  /** Milliseconds on one lane and on two. */
  one: Spread;
  two: Spread;
  /** Bytes that a prediction moves at most: every row between layers written and read in memory. */
  bytes: number;
}

/** What follows for more cores. */
export interface Projection extends Measured {
  /** Milliseconds that do not get shorter with more cores, and those that do, on one core. */
  serial: number;
  parallel: number;
  /** Milliseconds by number of cores. */
  times: Record<number, number>;
  memory: MemoryBound[];
}

/** What memory of some bandwidth makes of it. */
export interface MemoryBound {
  /** GB/s */
  bandwidth: number;
  /** Milliseconds that moving all of the bytes takes. */
  milliseconds: number;
  /** Cores from which on memory would be slower than they are; null where it never is. */
  from: number | null;
  /** The same if nothing were serial. */
  fromWithoutSerial: number;
}

/** What the benchmark of scaling found. */
export interface ScalingDocument {
  environment: Environment;
  /** GB/s that one and two threads read. */
  bandwidth: { one: number; two: number };
  /** Milliseconds of a skipping prediction on one lane that no kernel runs. */
  javaScript: number;
  projections: Projection[];
}

const CORES = [4, 8, 16];

/**
 * Amdahl's law through the times on one core and on two: `serial + parallel / cores`. What two lanes
 * lose to halos, waits and shared hardware counts as serial.
 *
 * @param bandwidths GB/s
 */
export function project(measured: Measured, bandwidths: readonly number[]): Projection {
  const { one, two, bytes } = measured;
  const serial = Math.max(0, 2 * two.median - one.median);
  const parallel = one.median - serial;
  return {
    ...measured,
    serial,
    parallel,
    times: Object.fromEntries(CORES.map((cores) => [cores, serial + parallel / cores])),
    memory: bandwidths.map((bandwidth) => {
      const milliseconds = bytes / bandwidth / 1e6;
      return {
        bandwidth,
        milliseconds,
        from: milliseconds > serial ? Math.ceil(parallel / (milliseconds - serial)) : null,
        fromWithoutSerial: Math.ceil(one.median / milliseconds),
      };
    }),
  };
}

/** The benchmark of scaling as text. */
export function formatScaling({
  environment,
  bandwidth,
  javaScript,
  projections,
}: ScalingDocument): string {
  const gigabytes = (value: number): string => `${value.toFixed(1)} GB/s`;
  const times = projections.map(({ name, one, two, serial, times }) => [
    name,
    ...[one.median, two.median, serial].map((time) => time.toFixed(1)),
    ...CORES.map(
      (cores) => `${times[cores].toFixed(1)} (${(one.median / times[cores]).toFixed(1)}x)`,
    ),
  ]);
  const bounds = projections.flatMap(({ name, bytes, memory }) =>
    memory.map(({ bandwidth, milliseconds, from, fromWithoutSerial }) => [
      `${name}, ${gigabytes(bandwidth)}`,
      (bytes / 1e6).toFixed(0),
      milliseconds.toFixed(1),
      from === null ? 'never' : `${from} cores`,
      `${fromWithoutSerial} cores`,
    ]),
  );
  return [
    formatEnvironment(environment),
    `threads read ${gigabytes(bandwidth.one)} alone, ${gigabytes(bandwidth.two)} as two; ` +
      `outside of kernels a prediction on one lane takes ${javaScript.toFixed(1)} ms`,
    'measured on one core and two, projected from 4 on:',
    formatTable(
      ['ms', '1 core', '2 cores', 'serial', ...CORES.map((cores) => `${cores} cores`)],
      times,
    ),
    formatTable(
      ['memory', 'MB at most', 'ms to move', 'takes over from', 'if nothing were serial'],
      bounds,
    ),
  ].join('\n\n');
}
