import * as tf from '@tensorflow/tfjs-core';
import { quantile } from '../cli/src/statistics.js';
import { formatTable } from '../cli/src/table.js';
import { captured, type Network } from './network.js';
import { formatEnvironment, type Environment } from './report.js';

/**
 * What ticks whenever the calling thread lets it: timers, or animation frames. Returns what ends it.
 */
export type Ticker = (tick: () => void) => () => void;

/** Milliseconds from one tick to the next. */
export interface Gaps {
  median: number;
  p99: number;
  longest: number;
  ticks: number;
}

/** How long one kind of tick had to wait, while nothing ran and while a network was predicting. */
export interface TickerResult {
  name: string;
  idle: Gaps;
  predicting: Gaps;
}

/** Resolves when the next prediction may begin. */
export type Pace = () => Promise<void>;

/** What predictions through `data()`, one after the other, left to others on the calling thread. */
export interface GapsResult {
  lanes: number;
  /** By captured kernels. */
  isCaptured: boolean;
  /** When a prediction began after the one before it, such as "one after the other". */
  pace: string;
  predictions: number;
  /** The median of a prediction. */
  milliseconds: number;
  tickers: TickerResult[];
}

/** What the benchmark of gaps found. */
export interface GapsDocument {
  environment: Environment;
  results: GapsResult[];
}

const DEFAULT_RUNS = 100;
const WARMUP_RUNS = 10;
const IDLE_MS = 2000;

/** A timer that is set again each time that it fires. */
export const timers: Ticker = (tick) => {
  let timer = setTimeout(fire);
  function fire(): void {
    timer = setTimeout(fire);
    tick();
  }
  return () => {
    clearTimeout(timer);
  };
};

/**
 * Predicts in a loop on one lane and on `lanes`, and measures how long others on the calling thread
 * wait meanwhile; `dynconv` must be the current backend.
 */
export async function measureGaps(
  network: Network,
  { tickers, paces }: { tickers: Record<string, Ticker>; paces: Record<string, Pace> },
  { lanes, runs = DEFAULT_RUNS }: { lanes: number; runs?: number },
): Promise<GapsResult[]> {
  const results: GapsResult[] = [];
  const replay = captured(network);
  const ways = [...new Set([1, lanes])].flatMap((count) => [
    { count, isCaptured: false, way: network },
    { count, isCaptured: true, way: replay },
  ]);
  for (const { count, isCaptured, way } of ways) {
    tf.env().set('DYNCONV_LANES', count);
    await predictions(way, atOnce, WARMUP_RUNS);
    const idle = await watch(tickers, () => new Promise((resolve) => setTimeout(resolve, IDLE_MS)));
    for (const [name, pace] of Object.entries(paces)) {
      const busy = await watch(tickers, () => predictions(way, pace, runs));
      results.push({
        lanes: count,
        isCaptured,
        pace: name,
        predictions: runs,
        milliseconds: quantile(busy.result, 0.5),
        tickers: Object.keys(tickers).map((name) => ({
          name,
          idle: idle.gaps[name],
          predicting: busy.gaps[name],
        })),
      });
    }
  }
  replay.dispose();
  return results;
}

/** A prediction begins as soon as the one before it has ended. */
export const atOnce: Pace = () => Promise.resolve();

/** The milliseconds of each prediction. */
async function predictions(network: Network, pace: Pace, runs: number): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    await pace();
    const start = performance.now();
    const output = network.predict(network.input);
    await output.data();
    output.dispose();
    times.push(performance.now() - start);
  }
  return times;
}

async function watch<T>(
  tickers: Record<string, Ticker>,
  action: () => Promise<T>,
): Promise<{ result: T; gaps: Record<string, Gaps> }> {
  const watched = Object.entries(tickers).map(([name, ticker]) => {
    const gaps: number[] = [];
    let last = performance.now();
    const stop = ticker(() => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
    });
    return { name, gaps, stop: stop };
  });
  const result = await action();
  for (const { stop } of watched) stop();
  return {
    result,
    gaps: Object.fromEntries(watched.map(({ name, gaps }) => [name, summarize(gaps)])),
  };
}

function summarize(gaps: readonly number[]): Gaps {
  return {
    median: quantile(gaps, 0.5),
    p99: quantile(gaps, 0.99),
    longest: Math.max(...gaps),
    ticks: gaps.length,
  };
}

/** The benchmark of gaps as text. */
export function formatGaps({ environment, results }: GapsDocument): string {
  const tables = results.map(({ lanes, isCaptured, pace, predictions, milliseconds, tickers }) => {
    const rows = tickers.map(({ name, idle, predicting }) => [
      name,
      ...[idle, predicting].flatMap((gaps) =>
        [gaps.median, gaps.p99, gaps.longest].map((value) => value.toFixed(1)),
      ),
      String(predicting.ticks),
    ]);
    const header = [
      'ms between',
      'idle',
      'p99',
      'longest',
      'predicting',
      'p99',
      'longest',
      'ticks',
    ];
    const threads = lanes === 1 ? 'one lane' : `${lanes} lanes`;
    const each = `${milliseconds.toFixed(1)} ms each`;
    return (
      `${threads}, ${predictions} ${isCaptured ? 'captured ' : ''}predictions through data(), ` +
      `${pace}, ${each}\n` +
      formatTable(header, rows)
    );
  });
  return [formatEnvironment(environment), ...tables].join('\n\n');
}
