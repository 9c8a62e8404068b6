import type { Token } from './jobs.js';

/** Jobs whose results are not to be trusted: what was posted since all was last known to be well, when a lane failed. */
interface Loss {
  readonly after: Token;
  readonly until: Token;
  readonly error: Error;
}

/** Which results were lost with a lane. */
export class Losses {
  private readonly losses: Loss[] = [];
  private good: Token = 0;

  /** The jobs until `done` are done, and no lane has failed. */
  confirm(done: Token): void {
    this.good = done;
  }

  /** A lane has failed; `posted` jobs were posted by then. */
  add(posted: Token, error: Error): void {
    this.losses.push({ after: this.good, until: posted, error });
    this.good = posted;
  }

  /** The error with which the result of the job before `token` was lost; null if it was not. */
  of(token: Token): Error | null {
    for (let at = this.losses.length - 1; at >= 0; at--) {
      const { after, until, error } = this.losses[at];
      if (token > until) return null;
      if (token > after) return error;
    }
    return null;
  }
}
