/** A kernel trapped, or the worker that it ran in ended. The backend remains usable. */
export class LaneError extends Error {
  /**
   * @param kernel the kernel that was running
   * @param lane the number of the lane; 0 is the calling thread
   */
  constructor(
    readonly kernel: string,
    readonly lane: number,
    what: string,
    cause?: unknown,
  ) {
    super(`tfjs-backend-dynconv: ${kernel} failed on lane ${lane}: ${what}`, { cause });
    this.name = 'LaneError';
  }
}

/** The backend was removed before a tensor of it was computed. */
export class BackendRemovedError extends Error {
  constructor() {
    super('tfjs-backend-dynconv: the backend was removed before the values were computed');
    this.name = 'BackendRemovedError';
  }
}
