import type { DoubleBuffering } from './double-buffering.js';
import { bitsOf, busyCycles, type Activity, type BusyPort } from './ports.js';

/** Cycles of a period in which an activity may use its port without making anybody wait. */
function allowedCycles({ traffic, operand, link }: Activity, buffering: DoubleBuffering): number {
  const isFree = buffering.free[operand][link] === 1;
  return isFree ? traffic.period[link] : traffic.window[link];
}

/**
 * Cycles that the PEs wait for memories while the layer runs (Mei et al., "A Uniform Latency Model for
 * DNN Accelerators with Diverse Architectures and Dataflows", DATE 2022). Ports work side by side, so
 * the slowest one counts.
 */
export class Stalls {
  private readonly active: Activity[] = [];

  constructor(
    private readonly ports: readonly BusyPort[],
    private readonly buffering: DoubleBuffering,
  ) {}

  /** Cycles of the port that makes the PEs wait the longest. */
  cycles(): number {
    let longest = 0;
    for (const port of this.ports) longest = Math.max(longest, this.ofPort(port));
    return longest;
  }

  /** Cycles that one port makes the PEs wait; less than none if it has time left. */
  ofPort({ activities }: BusyPort): number {
    this.active.length = 0;
    let stall = 0;
    let slack = 0;
    let windows = 0;
    for (const activity of activities) {
      if (bitsOf(activity) === 0) continue;
      this.active.push(activity);
      const allowed = allowedCycles(activity, this.buffering);
      const transfers = activity.traffic.count[activity.link] - 1;
      const late = (busyCycles(activity) - allowed) * transfers;
      if (late > 0) stall += late;
      else slack += late;
      windows += allowed * transfers;
    }
    if (this.active.length < 2) return stall + slack;
    return stall + Math.max(0, slack + windows - this.unionOfWindows());
  }

  /** Cycles of the whole layer in which at least one activity may use the port. */
  private unionOfWindows(): number {
    const { active, buffering } = this;
    let longest = active[0];
    for (const activity of active) {
      const { traffic, link } = activity;
      if (allowedCycles(activity, buffering) === traffic.period[link]) {
        return traffic.period[link] * traffic.count[link];
      }
      if (traffic.period[link] > longest.traffic.period[longest.link]) longest = activity;
    }
    active.sort((a, b) => a.traffic.period[a.link] - b.traffic.period[b.link]);
    const { period, count } = longest.traffic;
    return this.union(period[longest.link], active.length - 1) * count[longest.link];
  }

  /**
   * Cycles in [0, end) in which one of the first activities, up to `last`, may use the port. Each may in
   * the first cycles of its period, and each period is a multiple of the one before.
   */
  private union(end: number, last: number): number {
    if (last < 0) return 0;
    const activity = this.active[last];
    const period = activity.traffic.period[activity.link];
    const allowed = allowedCycles(activity, this.buffering);
    const inside = (cycles: number): number =>
      cycles <= allowed
        ? cycles
        : allowed + this.union(cycles, last - 1) - this.union(allowed, last - 1);
    return Math.floor(end / period) * inside(period) + inside(end % period);
  }
}
