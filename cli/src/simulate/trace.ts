import type { Job, Timeline } from 'tfjs-backend-dynconv/mapping';

/** A timeline in Chrome's trace format (chrome://tracing, Perfetto): a cycle is a microsecond. */
export function chromeTrace({ spans }: Timeline, jobs: readonly Job[], cores: string[]): string {
  const names = cores.map((name, core) => ({
    name: 'thread_name',
    ph: 'M',
    pid: 0,
    tid: core,
    args: { name },
  }));
  const events = spans.map(({ job, core, start, end }) => ({
    name: jobs[job].name,
    cat: jobs[job].type,
    ph: 'X',
    pid: 0,
    tid: core,
    ts: start,
    dur: end - start,
  }));
  return JSON.stringify({ traceEvents: [...names, ...events] });
}
