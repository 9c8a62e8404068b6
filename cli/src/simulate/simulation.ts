import {
  jobsOf,
  simulate,
  type Job,
  type MappedLayer,
  type MaskOrder,
  type Schedule,
  type Timeline,
} from 'tfjs-backend-dynconv/mapping';
import type { Inputs } from '../map/inputs.js';
import { mapInputs, type MappingJob } from '../map/map-inputs.js';
import { describeMisfit } from '../map/report.js';
import { UserError } from '../user-error.js';

/** One network on one chip, with masks or without. */
export interface Simulation {
  mapped: MappedLayer[];
  jobs: Job[];
  timeline: Timeline;
  /** Of the layers and of what goes between cores, in the hardware file's unit. */
  energy: number;
}

/**
 * Maps a network and simulates its cores.
 *
 * @throws UserError if a layer does not fit
 */
export async function simulateNetwork(
  inputs: Inputs,
  job: MappingJob,
  { schedule, masks }: { schedule: Schedule; masks: MaskOrder },
): Promise<Simulation> {
  const { network, platform, activity } = inputs;
  const mapped = await mapInputs(inputs, job);
  const misfit = mapped.find(({ infeasible }) => infeasible);
  if (misfit?.infeasible) {
    throw new UserError(`${misfit.layer.name} ${describeMisfit(misfit.infeasible)}.`);
  }
  const jobs = jobsOf(network, mapped, activity, masks);
  const timeline = simulate(jobs, platform.cores.length, platform.connections, schedule);
  const energy = timeline.transfer.energy + mapped.reduce((sum, layer) => sum + layer.energy, 0);
  return { mapped, jobs, timeline, energy };
}
