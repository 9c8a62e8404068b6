import { clearLine, cursorTo } from 'node:readline';

/** How often the line on a terminal is rewritten at most, in milliseconds. */
const REWRITE_INTERVAL = 100;

/**
 * Progress on stderr, so that stdout holds nothing but the answer: one line that is rewritten on a
 * terminal, one line per stage elsewhere.
 */
export class Progress {
  private itemName = '';
  private stageName = '';
  private rewritten = 0;

  constructor(
    private readonly quiet = false,
    private readonly stream: NodeJS.WriteStream = process.stderr,
    /** Whether steps are told elsewhere than on a terminal, too. */
    private readonly tellsSteps = false,
  ) {}

  /** Begins an item of several: the stages that follow are said to be its. */
  item(done: number, total: number, name: string): void {
    this.itemName = total === 1 ? '' : `${done}/${total} ${name}: `;
  }

  /** Begins a stage of the work. */
  stage(name: string): void {
    name = this.itemName + name;
    this.stageName = name;
    this.rewritten = 0;
    if (this.quiet) return;
    if (this.stream.isTTY) this.rewrite(name);
    else this.stream.write(`${name}\n`);
  }

  /** Says how far the stage has come; elsewhere than on a terminal, if at all, by a line for each tenth. */
  step(done: number, total: number): void {
    if (this.quiet) return;
    if (!this.stream.isTTY) {
      const tenth = (steps: number): number => Math.floor((10 * steps) / total);
      if (this.tellsSteps && tenth(done) > tenth(done - 1))
        this.stream.write(`${this.stageName}: ${done}/${total}\n`);
      return;
    }
    const now = performance.now();
    if (now - this.rewritten < REWRITE_INTERVAL && done < total) return;
    this.rewritten = now;
    this.rewrite(`${this.stageName} ${done}/${total}`);
  }

  /** Removes the progress line from a terminal. */
  clear(): void {
    if (!this.quiet && this.stream.isTTY) this.rewrite('');
  }

  private rewrite(text: string): void {
    cursorTo(this.stream, 0);
    clearLine(this.stream, 0);
    this.stream.write(text);
  }
}
