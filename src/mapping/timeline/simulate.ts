import type { Connection } from '../hardware/platform.js';
import type { Job, Need } from './job.js';
import { LiveMemory } from './live-memory.js';
import { Transfers } from './transfers.js';

/** In which order a core takes rows that are ready. */
export const SCHEDULES = ['whole-layers', 'layer-by-layer', 'depth-first'] as const;
/**
 * Whole layers: a layer begins when all that it reads is whole. Layer by layer, rows flow from layer to
 * layer, and a core goes on with the earliest layer of the network. Depth-first, within a block it
 * prefers the latest, so that rows go through expansion, depthwise and projection one after the other.
 */
export type Schedule = (typeof SCHEDULES)[number];

/** A time in which a core works on one job without a break. */
export interface Span {
  readonly job: number;
  readonly core: number;
  readonly start: number;
  readonly end: number;
}

/** Cycles in which a core waited before the network's end. */
export interface Waiting {
  readonly decisions: number;
  readonly rows: number;
}

/** What a simulation found. Times are in cycles. */
export interface Timeline {
  readonly latency: number;
  readonly spans: readonly Span[];
  /** For each core, cycles in which it worked. */
  readonly busy: readonly number[];
  /** Most bits of features that were kept at a time. */
  readonly peakBits: number;
  /** The same of features that only their own block reads: what depth-first execution keeps short. */
  readonly peakBitsInBlocks: number;
  /** For each core, cycles in which it waited, by what came last: a decision, or rows of features. */
  readonly waiting: readonly Waiting[];
  /** Bits of features that went from core to core, and the energy of it. */
  readonly transfer: { readonly bits: number; readonly energy: number };
}

/**
 * Simulates cores that compute jobs row by row, each row as soon as what it needs is there.
 *
 * @param cores how many there are
 * @param connections between them; without one, data is there at once
 */
export function simulate(
  jobs: readonly Job[],
  cores: number,
  connections: readonly Connection[],
  schedule: Schedule,
): Timeline {
  const all = schedule === 'whole-layers' ? jobs.map((job) => afterWholeLayers(job, jobs)) : jobs;
  return new Simulation(all, cores, connections, schedule).run();
}

/** The job, if it must wait until what it reads is whole. */
function afterWholeLayers(job: Job, jobs: readonly Job[]): Job {
  const needs = job.needs.map((need) => ({
    ...need,
    rows: need.rows.map(() => jobs[need.job].rowCycles.length),
  }));
  return { ...job, needs };
}

/** A core at work. */
interface Running {
  readonly job: number;
  readonly row: number;
  readonly end: number;
}

class Simulation {
  /** Rows of each job that are done, and when each was. */
  private readonly done: number[];
  private readonly doneAt: Float64Array[];
  private readonly queues: number[][];
  private readonly running: (Running | undefined)[];
  private readonly last: (number | undefined)[];
  private readonly spans: Span[] = [];
  /** For each core, the index of its last span. */
  private readonly openSpan: number[];
  private readonly busy: number[];
  private readonly waiting: { decisions: number; rows: number }[];
  /** For each core, when it was done with what it began last. */
  private readonly idleSince: Float64Array;
  private readonly memory: LiveMemory;
  private readonly transfers: Transfers;

  constructor(
    private readonly jobs: readonly Job[],
    private readonly cores: number,
    connections: readonly Connection[],
    schedule: Schedule,
  ) {
    this.done = jobs.map(() => 0);
    this.doneAt = jobs.map(({ rowCycles }) => new Float64Array(rowCycles.length));
    this.queues = queuesOf(jobs, cores, schedule);
    this.running = Array<Running | undefined>(cores).fill(undefined);
    this.last = Array<number | undefined>(cores).fill(undefined);
    this.busy = Array<number>(cores).fill(0);
    this.openSpan = Array<number>(cores).fill(-1);
    this.waiting = Array.from({ length: cores }, () => ({ decisions: 0, rows: 0 }));
    this.idleSince = new Float64Array(cores);
    this.memory = new LiveMemory(jobs);
    this.transfers = new Transfers(jobs, connections);
  }

  run(): Timeline {
    let now = 0;
    for (;;) {
      const wake = this.startAll(now);
      const ends = this.running.flatMap((running) => (running ? [running.end] : []));
      const next = Math.min(...ends, wake);
      if (next === Infinity) break;
      now = next;
      this.running.forEach((running, core) => {
        if (running?.end !== now) return;
        this.running[core] = undefined;
        this.finish(running, now);
      });
    }
    const { spans, busy, waiting, memory } = this;
    const { peak: peakBits, peakInBlocks: peakBitsInBlocks } = memory;
    const transfer = this.transfers.total;
    return { latency: now, spans, busy, waiting, peakBits, peakBitsInBlocks, transfer };
  }

  /**
   * Lets idle cores begin with what is ready.
   *
   * @returns when data that is on its way will be there, Infinity if none is
   */
  private startAll(now: number): number {
    let wake = Infinity;
    let again = true;
    while (again) {
      again = false;
      wake = Infinity;
      for (let core = 0; core < this.cores; core++) {
        if (this.running[core]) continue;
        for (const job of this.queues[core]) {
          const ready = this.readyAt(job);
          if (ready > now) {
            wake = Math.min(wake, ready);
            continue;
          }
          // A row without pixels takes no time, and others may wait for it.
          again = this.start(job, core, now) || again;
          break;
        }
      }
    }
    return wake;
  }

  /** Begins with the next row of a job; true if it was done at once. */
  private start(job: number, core: number, now: number): boolean {
    const row = this.done[job];
    const work = this.jobs[job].rowCycles[row];
    if (work === 0) {
      this.finish({ job, row, end: now }, now);
      return true;
    }
    if (now > this.idleSince[core]) {
      this.waiting[core][this.cameLast(job)] += now - this.idleSince[core];
    }
    const switched = this.last[core] !== job;
    const cycles = work + (switched ? this.jobs[job].startCycles : 0);
    const end = now + cycles;
    this.running[core] = { job, row, end };
    this.idleSince[core] = end;
    this.last[core] = job;
    this.busy[core] += cycles;
    const open = this.openSpan[core];
    if (!switched && this.spans[open].end === now) {
      this.spans[open] = { ...this.spans[open], end };
    } else {
      this.openSpan[core] = this.spans.push({ job, core, start: now, end }) - 1;
    }
    return false;
  }

  private finish({ job, row }: Running, now: number): void {
    this.doneAt[job][row] = now;
    this.done[job] = row + 1;
    this.memory.finish(job, row);
    this.transfers.send(job, row, now);
    const { core, rowCycles } = this.jobs[job];
    if (this.done[job] === rowCycles.length) {
      this.queues[core].splice(this.queues[core].indexOf(job), 1);
    }
  }

  /** When the next row of a job has what it needs; Infinity if that is not known yet. */
  private readyAt(job: number): number {
    let ready = 0;
    for (const need of this.jobs[job].needs) {
      ready = Math.max(ready, this.thereAt(job, need));
    }
    return ready;
  }

  /** When what the next row of a job needs of one other job is on its core. */
  private thereAt(job: number, need: Need): number {
    const { core } = this.jobs[job];
    const rows = need.rows[this.done[job]];
    if (this.done[need.job] < rows) return Infinity;
    if (rows === 0) return 0;
    return this.jobs[need.job].core === core
      ? this.doneAt[need.job][rows - 1]
      : this.transfers.arrival(need.job, rows - 1, core);
  }

  /** What the next row of a job got last. */
  private cameLast(job: number): keyof Waiting {
    const { needs } = this.jobs[job];
    const last = needs.reduce<Need | undefined>(
      (latest, need) =>
        !latest || this.thereAt(job, need) >= this.thereAt(job, latest) ? need : latest,
      undefined,
    );
    return last && this.jobs[last.job].type === 'Decision' ? 'decisions' : 'rows';
  }
}

/** The jobs of each core, in the order in which it prefers them. */
function queuesOf(jobs: readonly Job[], cores: number, schedule: Schedule): number[][] {
  const all = jobs.map((_, index) => index);
  if (schedule === 'depth-first') {
    // A block stands where its first job stands; within it the latest job comes first.
    const place = new Map<number, number>();
    jobs.forEach(({ block }, index) => {
      if (block !== undefined && !place.has(block)) place.set(block, index);
    });
    const placeOf = (index: number): number => place.get(jobs[index].block ?? -1) ?? index;
    all.sort((a, b) => placeOf(a) - placeOf(b) || b - a);
  }
  return Array.from({ length: cores }, (_, core) => all.filter((job) => jobs[job].core === core));
}
