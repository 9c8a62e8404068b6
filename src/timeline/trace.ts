import type { Timeline } from './timeline.js';

/** An event of Chrome's trace format. Times are microseconds. */
export type TraceEvent =
  | {
      ph: 'X';
      name: string;
      cat: string;
      pid: number;
      tid: number;
      ts: number;
      dur: number;
      args: { kernel: string; rows: number; layer?: number };
    }
  | {
      ph: 'M';
      name: 'process_name' | 'thread_name' | 'process_sort_index' | 'thread_sort_index';
      pid: number;
      tid: number;
      args: { name: string } | { sort_index: number };
    };

/** A document in Chrome's trace format: JSON that Perfetto and chrome://tracing open. */
export interface ChromeTrace {
  traceEvents: TraceEvent[];
  displayTimeUnit: 'ms';
  otherData: { lost: number };
}

/** The virtual PE arrays, as people know them. */
export const ARRAY_NAMES = ['main-path layers', 'depthwise, decision and residual layers'] as const;

/**
 * A timeline in Chrome's trace format (Duffy, "Trace Event Format"): the arrays are its processes,
 * with a thread for each of their lanes; an event's category is the array that its work is mapped to.
 *
 * @param layers the profile's layers, for their names: those of weights where they are known
 */
export function chromeTrace(
  { lanes, events, lost }: Timeline,
  layers: readonly { name: string; weight?: string }[],
): ChromeTrace {
  const traceEvents: TraceEvent[] = [];
  const arrays = [...new Set(lanes.map(({ array }) => array))];
  for (const array of arrays) {
    // Perfetto keeps process 0 and thread 0 for itself.
    const process = { ph: 'M', pid: array + 1, tid: 0 } as const;
    const name = `PE array ${array}: ${ARRAY_NAMES[array]}`;
    traceEvents.push({ ...process, name: 'process_name', args: { name } });
    traceEvents.push({ ...process, name: 'process_sort_index', args: { sort_index: array } });
  }
  const home = new Map<number, number>();
  for (const { lane, array } of lanes) {
    home.set(lane, array);
    const thread = { ph: 'M', pid: array + 1, tid: lane + 1 } as const;
    const name = lane === 0 ? 'lane 0 (calling thread)' : `lane ${lane}`;
    traceEvents.push({ ...thread, name: 'thread_name', args: { name } });
    traceEvents.push({ ...thread, name: 'thread_sort_index', args: { sort_index: lane } });
  }
  for (const { lane, array, layer, kernel, rows, start, end } of events) {
    const ts = microseconds(start);
    const { name, weight } = layer === null ? { name: kernel } : layers[layer];
    traceEvents.push({
      ph: 'X',
      name: weight ?? name,
      cat: `array ${array}`,
      pid: (home.get(lane) ?? 0) + 1,
      tid: lane + 1,
      ts,
      dur: microseconds(end) - ts,
      args: { kernel, rows, ...(layer !== null && { layer }) },
    });
  }
  return { traceEvents, displayTimeUnit: 'ms', otherData: { lost } };
}

/** In whole nanoseconds, as readers keep them, lest neighbours overlap by rounding. */
function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6) / 1e3;
}
