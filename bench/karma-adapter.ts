/** Runs a benchmark as Karma's test run, and reports the results to its server. */
import { benchInBrowser, type BrowserBenchOptions } from './browser.js';

declare const __karma__: {
  config: { bench: BrowserBenchOptions };
  start: () => void;
  info(message: object): void;
  error(message: string): void;
  complete(): void;
};

async function run(): Promise<void> {
  __karma__.info({ total: 1 });
  try {
    const result = await benchInBrowser(__karma__.config.bench, (said) => {
      __karma__.info({ said });
    });
    __karma__.info({ result });
    __karma__.complete();
  } catch (error) {
    __karma__.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

__karma__.start = () => {
  void run();
};
