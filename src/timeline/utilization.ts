import type { Timeline, TimelineEvent } from './timeline.js';

/** How lanes spent the time between the first and the last kernel, in milliseconds. */
export interface Share {
  /** In kernels, added up over the lanes. */
  busy: number;
  /** In none, added up over the lanes. */
  waiting: number;
  /** The busy part of all, from 0 to 1. */
  utilization: number;
}

/** How a lane spent its time. */
export interface LaneUtilization extends Share {
  lane: number;
  /** The virtual PE array that it belongs to. */
  array: 0 | 1;
  /** Milliseconds of `busy` that it worked for the other array. */
  helping: number;
}

/** How a virtual PE array's lanes spent their time. */
export interface ArrayUtilization extends Share {
  array: 0 | 1;
  lanes: number;
  /** Milliseconds that lanes of either array spent on the work that is mapped to this one. */
  work: number;
}

/** What a layer cost the lanes. */
export interface LayerUtilization {
  busy: number;
  /** What lanes waited just before a kernel of this layer, which was what they waited for. */
  waiting: number;
  /** How many lanes worked on it. */
  lanes: number;
}

/** A summary of a timeline. */
export interface Utilization extends Share {
  /** From the beginning of the first kernel to the end of the last. */
  milliseconds: number;
  arrays: ArrayUtilization[];
  lanes: LaneUtilization[];
  /** By the layers' places in the profile. */
  layers: Map<number, LayerUtilization>;
  /** Of work that belongs to no layer. */
  others: LayerUtilization;
}

/** Sums up how busy arrays and lanes were, and what they waited for. */
export function utilizationOf(timeline: Timeline): Utilization {
  const { milliseconds, events } = timeline;
  const lanes = timeline.lanes.map(({ lane, array }): LaneUtilization => {
    const own = events.filter((event) => event.lane === lane);
    const helping = busyTime(own.filter((event) => event.array !== array));
    return { lane, array, helping, ...shareOf(busyTime(own), milliseconds) };
  });
  const arrays = ([0, 1] as const).map((array): ArrayUtilization => {
    const own = lanes.filter((lane) => lane.array === array);
    const work = busyTime(events.filter((event) => event.array === array));
    return { array, lanes: own.length, work, ...total(own, milliseconds) };
  });
  return { milliseconds, ...total(lanes, milliseconds), arrays, lanes, ...byLayer(timeline) };
}

function total(lanes: readonly LaneUtilization[], milliseconds: number): Share {
  const busy = lanes.reduce((sum, lane) => sum + lane.busy, 0);
  return shareOf(busy, lanes.length * milliseconds);
}

function shareOf(busy: number, all: number): Share {
  return { busy, waiting: all - busy, utilization: all > 0 ? busy / all : 0 };
}

function busyTime(events: readonly TimelineEvent[]): number {
  return events.reduce((sum, { start, end }) => sum + end - start, 0);
}

function byLayer({ lanes, events }: Timeline): Pick<Utilization, 'layers' | 'others'> {
  const sums = new Map<number | null, LayerUtilization>();
  for (const { lane } of lanes) {
    let free = 0;
    const seen = new Set<number | null>();
    for (const event of events) {
      if (event.lane !== lane) continue;
      const { layer, start, end } = event;
      const sum = sums.get(layer) ?? { busy: 0, waiting: 0, lanes: 0 };
      sums.set(layer, sum);
      sum.busy += end - start;
      sum.waiting += Math.max(0, start - free);
      if (!seen.has(layer)) sum.lanes++;
      seen.add(layer);
      free = end;
    }
  }
  const others = sums.get(null) ?? { busy: 0, waiting: 0, lanes: 0 };
  sums.delete(null);
  return { layers: sums as Map<number, LayerUtilization>, others };
}
