import { existsSync, readFileSync } from 'node:fs';
import { activityOf, type Activity } from '../src/mapping/dynamic/activity.js';
import { mapNetwork, type MappedLayer } from '../src/mapping/dynamic/map-network.js';
import { peCount } from '../src/mapping/hardware/accelerator.js';
import type { Platform } from '../src/mapping/hardware/platform.js';
import { readHardware } from '../src/mapping/hardware/platform-file.js';
import { readMapping, type MappingRule } from '../src/mapping/mapping/mapping-file.js';
import { jobsOf, type MaskOrder } from '../src/mapping/timeline/jobs.js';
import {
  simulate,
  SCHEDULES,
  type Schedule,
  type Timeline,
} from '../src/mapping/timeline/simulate.js';
import type { Subject } from './networks.js';

/** The two architectures. */
export const CHIPS = ['one-array', 'two-arrays'] as const;
export type ChipName = (typeof CHIPS)[number];

const OPTIONS = { objective: 'latency', lpfLimit: 5, mixed: true } as const;

interface Chip {
  name: ChipName;
  platform: Platform;
  rules: MappingRule[];
}

/** One network under one amount of work on one chip. */
export interface Result {
  subject: string;
  /** A budget, `published`, or `static`: without masks. */
  work: string;
  chip: ChipName;
  timelines: Record<Schedule, Timeline>;
  /** Depth-first, where a row begins as soon as the rows of the mask that decide about it are there. */
  maskRows: Timeline;
  energy: number;
  macs: number;
  pes: number;
  mapped: MappedLayer[];
}

/** Share of all PEs' cycles that multiply and accumulate. */
export function utilization({ macs, pes, timelines }: Result): number {
  return macs / (pes * timelines['layer-by-layer'].latency);
}

/** Evaluates a network without masks, then with each amount of work, on each chip. */
export async function evaluate({ name, network, cases }: Subject): Promise<Result[]> {
  const results: Result[] = [];
  for (const chip of CHIPS.map(readChip)) {
    const run = async (work: string, activity: Activity): Promise<Result> => {
      const { platform, rules } = chip;
      const mapped = await mapNetwork(network, activity, platform, rules, OPTIONS);
      const misfit = mapped.find(({ infeasible }) => infeasible);
      if (misfit) throw new Error(`${misfit.layer.name} of ${name} does not fit on ${chip.name}`);
      const timeline = (schedule: Schedule, masks?: MaskOrder): Timeline => {
        const jobs = jobsOf(network, mapped, activity, masks);
        return simulate(jobs, platform.cores.length, platform.connections, schedule);
      };
      const timelines = Object.fromEntries(
        SCHEDULES.map((schedule) => [schedule, timeline(schedule)]),
      ) as Result['timelines'];
      const maskRows = timeline('depth-first', 'by-row');
      const energy = mapped.reduce(
        (sum, layer) => sum + layer.energy,
        timelines['layer-by-layer'].transfer.energy,
      );
      const macs = mapped.reduce((sum, layer) => sum + (multiplies(layer) ? layer.macs : 0), 0);
      const pes = platform.cores.reduce((sum, { array }) => sum + peCount(array), 0);
      return {
        subject: name,
        work,
        chip: chip.name,
        timelines,
        maskRows,
        energy,
        macs,
        pes,
        mapped,
      };
    };
    results.push(await run('static', []));
    for (const { name: work, densities } of cases) {
      results.push(await run(work, activityOf(network, densities)));
    }
  }
  return results;
}

/** Additions and pools are no multiply-accumulates. */
export function multiplies({ layer }: MappedLayer): boolean {
  return layer.type !== 'Add' && !layer.type.endsWith('Pool');
}

function readChip(name: ChipName): Chip {
  const open = (path: string): string | undefined => {
    const file = `hardware/${path}`;
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
  const file = `hardware/${name}.yaml`;
  const mapping = `hardware/${name}.mapping.yaml`;
  return {
    name,
    platform: readHardware(file, readFileSync(file, 'utf8'), open),
    rules: readMapping(mapping, readFileSync(mapping, 'utf8')),
  };
}
