import { averageBandwidth, bitsOf, busyCycles, type Activity, type BusyPort } from './ports.js';
import type { Traffic } from './traffic.js';

/** Cycles before the first and after the last computation in which data is only moved. */
export interface LoadingCycles {
  readonly onloading: number;
  readonly offloading: number;
}

/** Cycles that one side of a link needs to move an operand's data once. */
interface Side {
  cycles: number;
  isSharedByInputs: boolean;
}

/** Loading the first data onto the chip, and taking the last results off it. */
export class Loading {
  /** By operand, link, and side: below and above. */
  private readonly sides: readonly (readonly [Side, Side][])[];
  private readonly once: Activity[] = [];

  constructor(
    private readonly ports: readonly BusyPort[],
    private readonly traffics: readonly Traffic[],
  ) {
    this.sides = traffics.map(({ links }) =>
      Array.from({ length: links }, () => [
        { cycles: 0, isSharedByInputs: false },
        { cycles: 0, isSharedByInputs: false },
      ]),
    );
  }

  /** @param computation cycles of the layer with its stalls, during which data can be loaded too */
  cycles(computation: number): LoadingCycles {
    for (const port of this.ports) this.usePort(port, computation);
    return { onloading: this.onloading(), offloading: this.offloading() };
  }

  /**
   * Notes how long a port takes. What it moves once for the whole layer may overlap with computation,
   * as far as its bandwidth allows and all but the data of the first period: longest first.
   */
  private usePort(port: BusyPort, computation: number): void {
    const { once } = this;
    once.length = 0;
    let busy = 0;
    for (const activity of port.activities) {
      if (bitsOf(activity) === 0 || (activity.operand === 0 && activity.down)) continue;
      const { traffic, link, operand, isUpper } = activity;
      const side = this.sides[operand][link][isUpper ? 1 : 0];
      side.cycles = busyCycles(activity);
      side.isSharedByInputs = port.isSharedByInputs;
      if (traffic.count[link] === 1) once.push(activity);
      else busy += averageBandwidth(activity);
    }
    let spare = Math.max(0, ((port.bandwidth - busy) / port.bandwidth) * computation);
    once.sort((a, b) => this.sideOf(b).cycles - this.sideOf(a).cycles);
    for (const activity of once) {
      const side = this.sideOf(activity);
      const first = Math.ceil(activity.traffic.bitsHeld(1) / port.bandwidth);
      const overlapped = Math.min(spare, Math.max(0, side.cycles - first));
      side.cycles -= overlapped;
      spare -= overlapped;
    }
  }

  private sideOf({ operand, link, isUpper }: Activity): Side {
    return this.sides[operand][link][isUpper ? 1 : 0];
  }

  /** Inputs load side by side where they have ports of their own, and in turn where they share one. */
  private onloading(): number {
    const [first, second] = this.traffics.slice(1).map((_, index) => this.partsOf(index + 1));
    if (second === undefined) return first.separate;
    const after = (a: Parts, b: Parts) =>
      a.shared + Math.max(b.shared + b.halfShared + b.separate, a.halfShared + a.separate);
    return Math.min(after(first, second), after(second, first));
  }

  private partsOf(operand: number): Parts {
    const parts = { shared: 0, halfShared: 0, separate: 0 };
    for (const [below, above] of this.sides[operand].slice(1)) {
      const cycles = Math.max(below.cycles, above.cycles);
      if (below.isSharedByInputs && above.isSharedByInputs) parts.shared += cycles;
      else if (below.isSharedByInputs || above.isSharedByInputs) parts.halfShared = cycles;
      else parts.separate += cycles;
    }
    return parts;
  }

  private offloading(): number {
    let cycles = 0;
    for (const [below, above] of this.sides[0].slice(1)) {
      cycles += Math.max(below.cycles, above.cycles);
    }
    return cycles;
  }
}

/** An input's loading cycles, by whether it shares the ports of a link with the other input. */
interface Parts {
  shared: number;
  halfShared: number;
  separate: number;
}
