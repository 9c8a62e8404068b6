import type { Accelerator, Port } from '../hardware/accelerator.js';
import { isDown, isTowardsLow, portOf } from './links.js';
import type { Traffic } from './traffic.js';

/** One thing that a port does: an operand's data that passes it in one direction. */
export interface Activity {
  readonly traffic: Traffic;
  /** Index of the operand: 0 for the output. */
  readonly operand: number;
  readonly link: number;
  /** Whether the memory lies above the link. */
  readonly isUpper: boolean;
  readonly down: boolean;
  /** Bits a cycle. */
  readonly bandwidth: number;
}

/** A port with all that it does. */
export interface BusyPort {
  readonly bandwidth: number;
  readonly activities: readonly Activity[];
  /** Whether it serves both inputs, so that they are loaded one after the other. */
  readonly isSharedByInputs: boolean;
}

/** The ports of an accelerator, with what they do for the operands of a layer. */
export function busyPorts({ memories }: Accelerator, traffics: readonly Traffic[]): BusyPort[] {
  return memories.flatMap((memory) =>
    memory.ports.map((port) => ({
      bandwidth: port.bandwidthMax,
      isSharedByInputs: ['I1', 'I2'].every((input) =>
        port.allocation.some(({ operand }) => operand === input),
      ),
      activities: memory.operands.flatMap((name) => {
        const operand = traffics.findIndex((traffic) => traffic.operand.memoryOperand === name);
        if (operand < 0) return [];
        const level = traffics[operand].operand.levels.indexOf(memory);
        return port.allocation
          .filter(
            (entry) => entry.operand === name && portOf(memory, name, entry.direction) === port,
          )
          .map(({ direction }) => activity(traffics[operand], operand, level, direction, port))
          .filter(({ link, down, traffic }) => link < traffic.links && (down || operand === 0));
      }),
    })),
  );
}

function activity(
  traffic: Traffic,
  operand: number,
  level: number,
  direction: Port['allocation'][number]['direction'],
  port: Port,
): Activity {
  const isUpper = isTowardsLow(direction);
  return {
    traffic,
    operand,
    link: isUpper ? level : level + 1,
    isUpper,
    down: isDown(direction),
    bandwidth: port.bandwidthMax,
  };
}

/** Bits of an element that an activity moves; 0 if it does not take place. */
export function bitsOf({ traffic, link, down }: Activity): number {
  return down ? traffic.bitsDown(link) : traffic.bitsUp(link);
}

/** Cycles that the port needs in each period. */
export function busyCycles(activity: Activity): number {
  const { traffic, link, isUpper, bandwidth } = activity;
  const boost = isUpper ? traffic.unrolling.boost[link] : 1;
  return Math.ceil((traffic.elements[link] * boost * bitsOf(activity)) / bandwidth);
}

/** Bits a cycle that an activity needs on average, in whole bits. */
export function averageBandwidth({ traffic, link, isUpper }: Activity): number {
  const boost = isUpper ? traffic.unrolling.boost[link] : 1;
  return Math.trunc((traffic.bitsHeld(link) / traffic.period[link]) * boost);
}
