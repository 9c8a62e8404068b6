/** JavaScript runs no longer than this before others on the calling thread have their turn. */
const SLICE_MS = 1;

/** When the turn of the event loop began that JavaScript runs in now, as far as is known. */
let began = 0;

/** When others on this thread are to have their turn, on the clock of performance.now(). */
export function turnEnd(): number {
  return began + SLICE_MS;
}

/** Notes that others on this thread have just had their turn. */
export function turnBegins(): void {
  began = performance.now();
}

/** Calls back in the next turn of the event loop. */
let nextly: ((callback: () => void) => void) | null = null;

/** A timer would be held back for 4 ms where timers follow one another; a channel is made but once. */
function byMessages(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const callbacks: (() => void)[] = [];
  port1.onmessage = () => callbacks.shift()?.();
  return (callback) => {
    callbacks.push(callback);
    port2.postMessage(null);
  };
}

/** Resolves once others on this thread have had their turn: timers, input, animation frames. */
export async function nextTurn(): Promise<void> {
  nextly ??= typeof setImmediate === 'function' ? setImmediate : byMessages();
  await new Promise<void>(nextly);
  turnBegins();
}
