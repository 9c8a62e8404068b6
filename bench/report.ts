import { formatTable, percent } from '../cli/src/table.js';
import type { Spread } from '../cli/src/statistics.js';
import type { WorkloadResult } from './core.js';

/** Where a benchmark ran. */
export interface Environment {
  /** Such as "Node 24.1.0" or "Chrome 140.0". */
  runtime: string;
  relaxedSimd: boolean;
  lanes: number;
  vectorBits: number;
}

/** What the benchmark of networks found. */
export interface NetworksDocument {
  environment: Environment;
  networks: WorkloadResult[];
}

/** The whole benchmark of networks as text. */
export function formatNetworks({ environment, networks }: NetworksDocument): string {
  return [formatEnvironment(environment), ...networks.map(formatWorkload)].join('\n\n');
}

/** One line that says where a benchmark ran. */
export function formatEnvironment(environment: Environment): string {
  const { runtime, relaxedSimd, lanes, vectorBits } = environment;
  const threads = lanes === 1 ? 'one thread' : `${lanes} threads`;
  const simd = `${relaxedSimd ? 'relaxed' : 'plain'} SIMD, ${vectorBits}-bit vectors`;
  return `${runtime}, ${simd}, dynconv on ${threads}`;
}

/** A workload's contest as a table. */
function formatWorkload(result: WorkloadResult): string {
  const { name, macs, theoreticalGain, lanesGain, variants, contestants } = result;
  const table = formatTable(
    ['', 'median ms', 'quartiles', 'times wasm', 'quartiles', 'difference', 'runs'],
    contestants.map(({ name, milliseconds, speedup, difference }) => [
      name,
      milliseconds.median.toFixed(1),
      `${milliseconds.lower.toFixed(1)}-${milliseconds.upper.toFixed(1)}`,
      speedup.median.toFixed(2),
      `${speedup.lower.toFixed(2)}-${speedup.upper.toFixed(2)}`,
      difference?.toExponential(1) ?? '-',
      String(milliseconds.runs),
    ]),
  );
  const counts = Object.entries(variants).map(([variant, layers]) => `${variant} ${layers}`);
  const lines = [
    `${name}: ${(macs.total / 1e6).toFixed(0)} M MACs, ${percent(macs.executed, macs.total)} executed`,
    table,
    `layers by kernel: ${counts.join(', ')}`,
  ];
  if (macs.executed < macs.total) {
    const share = (gain: Spread): string =>
      `${formatGain(gain)}, ${((100 * gain.median) / theoreticalGain).toFixed(0)} %`;
    lines.push(
      `of ${theoreticalGain.toFixed(2)}x in theory, skipping gains ${share(result.ownGain)}; ` +
        `captured ${share(result.capturedGain)}`,
    );
  }
  if (lanesGain) {
    const { lanes, skipping, everyPixel, captured } = lanesGain;
    lines.push(
      `${lanes} lanes gain ${formatGain(skipping)} over one, ${formatGain(everyPixel)} with every pixel, ` +
        `${formatGain(captured)} captured`,
    );
  }
  return lines.join('\n');
}

function formatGain({ median, lower, upper }: Spread): string {
  return `${median.toFixed(2)}x (${lower.toFixed(2)}-${upper.toFixed(2)})`;
}
