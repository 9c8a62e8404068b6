/** Resolves once others on this thread have had their turn: timers, input, animation frames. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // A timer would be held back for 4 ms where timers follow one another.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
