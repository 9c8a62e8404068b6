import type { Direction, Memory, MemoryOperand, Port } from '../hardware/accelerator.js';

/** The port that serves an operand in a direction; the last one, where a file names several. */
export function portOf(
  memory: Memory,
  operand: MemoryOperand,
  direction: Direction,
): Port | undefined {
  return memory.ports.findLast(({ allocation }) =>
    allocation.some((entry) => entry.operand === operand && entry.direction === direction),
  );
}

/** Whether a direction is between a memory and what lies below it. */
export function isTowardsLow(direction: Direction): boolean {
  return direction === 'tl' || direction === 'fl';
}

/** Whether data goes from high to low. */
export function isDown(direction: Direction): boolean {
  return direction === 'tl' || direction === 'fh';
}
