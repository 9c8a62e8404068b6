import type { CostReport } from '../cost/report.js';

/** A part of the cost in which two mappings differ. */
export interface Difference {
  readonly of: 'latency' | 'energy';
  /** What of the latency, as `stalls`, or which memory for which operand, as `sram W`. */
  readonly part: string;
  /** Cycles or energy that the other mapping has more; negative where it has less. */
  readonly more: number;
  /** The same as a share of the winner's latency or energy. */
  readonly share: number;
}

/**
 * What a runner-up lost to the winner, and what it gained: the parts of latency and energy in which they
 * differ, the largest share first. Of either the differences add up to that of the whole.
 */
export function explain(winner: CostReport, other: CostReport): Difference[] {
  return [
    ...differences('latency', winner.latency, latencyParts(winner), latencyParts(other)),
    ...differences('energy', winner.energy, energyParts(winner), energyParts(other)),
  ].sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
}

function differences(
  of: Difference['of'],
  whole: number,
  winner: ReadonlyMap<string, number>,
  other: ReadonlyMap<string, number>,
): Difference[] {
  return [...winner]
    .map(([part, cost]) => ({ of, part, more: (other.get(part) ?? 0) - cost }))
    .filter(({ more }) => more !== 0)
    .map((difference) => ({ ...difference, share: difference.more / whole }));
}

function latencyParts({ cycles }: CostReport): Map<string, number> {
  return new Map([
    ['idle PEs', cycles.spatialStall],
    ['stalls', cycles.temporalStall],
    ['loading', cycles.onloading],
    ['off-loading', cycles.offloading],
    ['draining', cycles.draining],
  ]);
}

function energyParts({ memories }: CostReport): Map<string, number> {
  return new Map(memories.map(({ memory, operand, energy }) => [`${memory} ${operand}`, energy]));
}
