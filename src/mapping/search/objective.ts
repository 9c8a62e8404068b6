import type { Cost } from '../cost/cost-model.js';

export const OBJECTIVES = ['latency', 'energy', 'edp'] as const;
/** What a search minimizes; `edp` is the product of energy and latency. */
export type Objective = (typeof OBJECTIVES)[number];

/** What a cost counts for. */
export function score({ latency, energy }: Cost, objective: Objective): number {
  if (objective === 'latency') return latency;
  return objective === 'energy' ? energy : energy * latency;
}

/** Orders costs, the better first: among equal latencies the lower energy, and the other way round. */
export function compareCosts(a: Cost, b: Cost, objective: Objective): number {
  const difference = score(a, objective) - score(b, objective);
  if (difference !== 0) return difference;
  return objective === 'latency' ? a.energy - b.energy : a.latency - b.latency;
}
