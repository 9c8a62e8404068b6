/** Something to be timed against others. */
export interface Contestant {
  name: string;
  /** Runs before each run, and is not timed. */
  prepare?: () => Promise<void>;
  /** Runs once, to the end: its promise resolves when the result can be read. */
  run: () => Promise<void>;
  /** Runs before any is timed: the engine compiles hot code again while it runs. */
  warmup: number;
  /** Milliseconds that these take at least; more runs fill them up. */
  warmupTime?: number;
  /** Timed runs; less than the others' for a contestant that is too slow. */
  runs: number;
}

/**
 * Times contestants fairly: each is warmed up, then all run in turns, so that whatever else the machine does hits all of them; who begins moves on with
 * every round. Who is warmed up runs once before each timed run, too: a program that predicts in a loop finds its caches filled and its threads awake,
 * not what another contestant left.
 *
 * @returns milliseconds of every run, contestant by contestant; `onRun` hears of every run.
 */
export async function contest(
  contestants: readonly Contestant[],
  onRun: (done: number, total: number) => void = () => undefined,
): Promise<Map<string, number[]>> {
  const times = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  const rounds = Math.max(...contestants.map(({ runs }) => runs));
  const total = contestants.reduce((sum, { runs, warmup }) => sum + runs + warmup, 0);
  let done = 0;
  for (const { prepare, run, warmup, warmupTime = 0 } of contestants) {
    const end = performance.now() + warmupTime;
    for (let n = 0; n < warmup || performance.now() < end; n++) {
      await prepare?.();
      await run();
      if (n < warmup) onRun(++done, total);
      await breath();
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contestants.length; i++) {
      const { name, prepare, run, warmup, runs } = contestants[(i + round) % contestants.length];
      if (round >= runs) continue;
      await prepare?.();
      if (warmup > 0) await run();
      const start = performance.now();
      await run();
      times.get(name)?.push(performance.now() - start);
      onRun(++done, total);
      await breath();
    }
  }
  return times;
}

/** Lets the event loop turn, which runs that never wait for anything would starve. */
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
