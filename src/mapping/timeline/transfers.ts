import type { Connection } from '../hardware/platform.js';
import type { Job } from './job.js';

/** Where data goes between two cores. */
interface Channel {
  readonly connection: Connection;
  /** When it has carried all that was given to it. */
  freeAt: number;
}

/**
 * Carries rows of features to the cores that read them, one after the other in the order in which they
 * are done: a bus has one transfer at a time, which all its cores hear; a link has one for each pair of
 * cores and direction.
 */
export class Transfers {
  /** Bits that were carried, and their energy. */
  readonly total = { bits: 0, energy: 0 };

  private readonly channels = new Map<string, Channel>();
  /** Of each job, by core that reads it: when each of its rows is there. */
  private readonly arrivals: ReadonlyMap<number, Float64Array>[];

  constructor(
    private readonly jobs: readonly Job[],
    private readonly connections: readonly Connection[],
  ) {
    this.arrivals = jobs.map(
      (job, index) =>
        new Map(
          readingCores(jobs, index).map((core) => [core, new Float64Array(job.rowCycles.length)]),
        ),
    );
  }

  /** Sends a row that is done to the other cores that read it. */
  send(job: number, row: number, now: number): void {
    const { core: from, rowBits } = this.jobs[job];
    const carried = new Map<Channel, number>();
    for (const [to, arrivals] of this.arrivals[job]) {
      const channel = this.channel(from, to);
      const arrival = channel && (carried.get(channel) ?? this.carry(channel, rowBits[row], now));
      if (channel && arrival !== undefined) carried.set(channel, arrival);
      arrivals[row] = arrival ?? now;
    }
  }

  /** When a row that was sent is on a core. */
  arrival(job: number, row: number, core: number): number {
    return this.arrivals[job].get(core)?.[row] ?? Infinity;
  }

  private carry(channel: Channel, bits: number, now: number): number {
    const { bandwidth, unitEnergy } = channel.connection;
    channel.freeAt = Math.max(now, channel.freeAt) + bits / bandwidth;
    this.total.bits += bits;
    this.total.energy += bits * unitEnergy;
    return channel.freeAt;
  }

  /** Undefined where no connection leads from core to core: then data is there at once. */
  private channel(from: number, to: number): Channel | undefined {
    const index = this.connections.findIndex(
      ({ cores }) => cores.includes(from) && cores.includes(to),
    );
    if (index < 0) return undefined;
    const connection = this.connections[index];
    const key = connection.type === 'bus' ? `${index}` : `${index} ${from} ${to}`;
    let channel = this.channels.get(key);
    if (!channel) {
      channel = { connection, freeAt: 0 };
      this.channels.set(key, channel);
    }
    return channel;
  }
}

/** The cores other than its own whose jobs need a job. */
function readingCores(jobs: readonly Job[], index: number): number[] {
  const cores = jobs
    .filter(({ needs }) => needs.some(({ job }) => job === index))
    .map(({ core }) => core);
  return [...new Set(cores)].filter((core) => core !== jobs[index].core);
}
