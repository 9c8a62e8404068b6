/** JavaScript runs no longer than this before others on the calling thread have their turn. */
const SLICE_MS = 2;

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

/** Resolves once others on this thread have had their turn: timers, input, animation frames. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    // A timer would be held back for 4 ms where timers follow one another.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
  turnBegins();
}
