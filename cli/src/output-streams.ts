import { complain, EXIT } from './exit-codes.js';

/**
 * Has the command go on, and write its files to the end, where what it prints cannot be written. Whoever
 * reads it may stop before its end, as `head` does, and that is no fault; anything else is told, once.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    let isTold = false;
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE' || isTold) return;
      isTold = true;
      process.exitCode ??= EXIT.unwritten;
      if (stream === process.stdout) complain(`The output cannot be written: ${message}.`);
    });
  }
}
