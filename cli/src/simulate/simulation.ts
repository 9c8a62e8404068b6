import {
  jobsOf,
  mapNetwork,
  simulate,
  type Job,
  type MappedLayer,
  type Schedule,
  type SearchOptions,
  type Timeline,
} from 'tfjs-backend-dynconv/mapping';
import type { Inputs } from '../map/inputs.js';
import type { Progress } from '../progress.js';
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
export function simulateNetwork(
  { network, activity, platform, rules }: Inputs,
  options: SearchOptions,
  schedule: Schedule,
  progress: Progress,
): Simulation {
  progress.stage(`mapping ${network.layers.length} layers`);
  const mapped = mapNetwork(network, activity, platform, rules, options, (done, total) => {
    progress.step(done, total);
  });
  const misfit = mapped.find(({ infeasible }) => infeasible);
  if (misfit?.infeasible) {
    const { memory, needed, available } = misfit.infeasible;
    throw new UserError(
      `${misfit.layer.name} does not fit: ${memory} would need ${needed} bits and has ${available}.`,
    );
  }
  progress.stage('simulating');
  const jobs = jobsOf(mapped, activity);
  const timeline = simulate(jobs, platform.cores.length, platform.connections, schedule);
  progress.clear();
  const energy = timeline.transfer.energy + mapped.reduce((sum, layer) => sum + layer.energy, 0);
  return { mapped, jobs, timeline, energy };
}
