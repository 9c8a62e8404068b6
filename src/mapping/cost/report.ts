import type { Direction } from '../hardware/accelerator.js';
import type { Cost, CostModel } from './cost-model.js';

/** Where the cycles of a layer go. All but `ideal` and `spatialStall` add up to the latency. */
export interface Cycles {
  /** If every PE computed in every cycle. */
  readonly ideal: number;
  /** Part of `computation`: PEs that have nothing to do under the spatial mapping. */
  readonly spatialStall: number;
  /** The temporal loops, without waiting. */
  readonly computation: number;
  /** Waiting for memories: ports and bandwidth. */
  readonly temporalStall: number;
  /** Before the first computation, until its data is there. */
  readonly onloading: number;
  /** After the last computation, until its results are off. */
  readonly offloading: number;
  /** Until the last results have left a systolic array. */
  readonly draining: number;
}

/** What a memory does for an operand. Words are of the port's full width. */
export interface MemoryActivity {
  readonly memory: string;
  readonly operand: string;
  readonly energy: number;
  /** Words read to low and high, and written from low and high. */
  readonly words: Readonly<Record<Direction, number>>;
  /** Bits that one instance holds. */
  readonly bits: number;
}

/** The cost of a mapping, part by part. */
export interface CostReport extends Cost {
  /** Share of all PEs' cycles that multiply and accumulate. */
  readonly utilization: number;
  readonly cycles: Cycles;
  readonly macEnergy: number;
  readonly memories: readonly MemoryActivity[];
}

/** Reports the mapping that a model evaluated last. */
export function reportCost(model: CostModel, cost: Cost): CostReport {
  return {
    ...cost,
    utilization: model.idealCycles / cost.latency,
    cycles: {
      ideal: model.idealCycles,
      spatialStall: model.computationCycles - model.idealCycles,
      computation: model.computationCycles,
      temporalStall: model.stallCycles,
      onloading: model.onloadingCycles,
      offloading: model.offloadingCycles,
      draining: model.drainCycles,
    },
    macEnergy: model.macEnergy,
    memories: model.traffics.flatMap((traffic, index) => {
      const energies = model.energies[index];
      const byLevel = energies.byLevel();
      return traffic.operand.levels.map(({ name }, level) => ({
        memory: name,
        operand: traffic.operand.name,
        energy: byLevel[level],
        words: {
          tl: energies.wordsAt(level, 'tl'),
          fl: energies.wordsAt(level, 'fl'),
          th: energies.wordsAt(level, 'th'),
          fh: energies.wordsAt(level, 'fh'),
        },
        bits: traffic.bitsHeld(level + 1),
      }));
    }),
  };
}
