/** What is wrong with an input file, and where. */
export interface Problem {
  readonly file: string;
  /** Counted from 1; absent in a binary file. */
  readonly line?: number;
  /** What was expected, and what was found. */
  readonly message: string;
  /** The input of a model whose shape would have to be given. */
  readonly openInput?: string;
}

/** An input file is not what it should be. The message has a line for each problem. */
export class InputError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.name = 'InputError';
  }
}

function describeProblem({ file, line, message }: Problem): string {
  return line === undefined ? `${file}: ${message}` : `${file}:${line}: ${message}`;
}
