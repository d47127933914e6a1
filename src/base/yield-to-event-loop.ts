/**
 * Resolves in a new task, as soon as the platform allows. Awaiting a promise alone lets no message, timer or file read
 * through, and browsers hold timers back to 4 ms.
 */
export function yieldToEventLoop(): Promise<void> {
  // Node; the name is not defined in browsers.
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
