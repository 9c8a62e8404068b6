import { peCount } from '../hardware/accelerator.js';
import type { LoopOrder } from '../mapping/loop-order.js';
import { unrolledAlong } from '../mapping/spatial.js';
import { DoubleBuffering } from './double-buffering.js';
import { MemoryEnergy } from './energy.js';
import { Loading } from './loading.js';
import type { Nest } from './nest.js';
import { busyPorts, type BusyPort } from './ports.js';
import { Stalls } from './stalls.js';
import { Traffic } from './traffic.js';

/** What a mapping costs, in parts that add up. */
export interface Cost {
  /** Cycles: computation with idle PEs, stalls, loading, off-loading and draining. */
  readonly latency: number;
  /** In the hardware file's unit: multiply-accumulates and memories. */
  readonly energy: number;
}

/**
 * The cost of a layer under one spatial mapping and any temporal mapping. It follows ZigZag (Mei et al.,
 * IEEE Trans. Computers 2021) as zigzag-dse 3.9.1 computes it.
 */
export class CostModel {
  /** Cycles if every PE were busy in each. */
  readonly idealCycles: number;
  readonly macEnergy: number;
  /** Cycles that the last results take to leave a systolic array. */
  readonly drainCycles: number;
  readonly energies: readonly MemoryEnergy[];
  readonly traffics: readonly Traffic[];
  readonly ports: readonly BusyPort[];

  /** Of the mapping that was evaluated last: cycles of computation without stalls. */
  computationCycles = 0;
  stallCycles = 0;
  onloadingCycles = 0;
  offloadingCycles = 0;

  private readonly wholeTraffics: readonly Traffic[];
  private readonly buffering: DoubleBuffering;
  private readonly stalls: Stalls;
  private readonly loading: Loading;

  constructor(readonly nest: Nest) {
    const { accelerator, operands, spatialMapping, macs } = nest;
    const { array } = accelerator;
    this.idealCycles = Math.ceil(macs / peCount(array));
    this.macEnergy = array.unitEnergy * macs;
    this.drainCycles = spatialMapping
      .filter(({ dimension }) => array.systolicDimensions.includes(dimension))
      .reduce(
        (cycles, dimension) => cycles + Math.max(0, Math.ceil(unrolledAlong(dimension)) - 1),
        0,
      );
    this.traffics = operands.map(({ operand, average }) => new Traffic(operand, average));
    this.wholeTraffics = operands.map(({ operand, whole }) => new Traffic(operand, whole));
    this.energies = this.traffics.map((traffic) => new MemoryEnergy(traffic));
    this.buffering = new DoubleBuffering(accelerator, this.traffics);
    this.ports = busyPorts(accelerator, this.wholeTraffics);
    this.stalls = new Stalls(this.ports, this.buffering);
    this.loading = new Loading(this.ports, this.wholeTraffics);
  }

  /**
   * @param order of the temporal loops
   * @param ends for each operand and each of its memories, the place of the order where the loops of
   * the next memory begin
   */
  evaluate(order: LoopOrder, ends: readonly ArrayLike<number>[]): Cost {
    for (let operand = 0; operand < ends.length; operand++) {
      this.follow(operand, order, ends[operand]);
    }
    this.buffering.follow();
    this.computationCycles = order.iterations(0, order.length);
    this.stallCycles = this.stalls.cycles();
    const { onloading, offloading } = this.loading.cycles(
      this.computationCycles + this.stallCycles,
    );
    this.onloadingCycles = onloading;
    this.offloadingCycles = offloading;
    let energy = this.macEnergy;
    for (const memories of this.energies) energy += memories.total();
    return { latency: this.latency(), energy };
  }

  /** Follows the traffic of one operand only. */
  follow(operand: number, order: LoopOrder, ends: ArrayLike<number>): void {
    this.traffics[operand].follow(order, ends);
    this.wholeTraffics[operand].follow(order, ends);
  }

  private latency(): number {
    const { computationCycles, stallCycles, onloadingCycles, offloadingCycles, drainCycles } = this;
    return computationCycles + stallCycles + onloadingCycles + offloadingCycles + drainCycles;
  }
}
