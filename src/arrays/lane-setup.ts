/** What a lane is made of; all of it can be sent to a worker but the kernels. */
export interface LaneSetup {
  readonly memory: WebAssembly.Memory;
  /** Address of the control block. */
  readonly control: number;
  /** The lane's number; 0 is the calling thread. */
  readonly index: number;
  /** The PE array whose jobs it prefers. */
  readonly array: 0 | 1;
  /** Address of its scratch memory. */
  readonly scratch: number;
}

/** The PE array that a lane belongs to: its jobs come first, then those of the other array. */
export function arrayOfLane(lane: number): 0 | 1 {
  return lane % 2 === 0 ? 0 : 1;
}
