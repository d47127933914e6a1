/** Lets the app work offline. */

/** Registers the service worker. Only in the built app: in development, files change too often. */
export async function registerOffline(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('./sw.js');
  } catch {
    // Blocked in private windows and on plain http; the app then needs the network.
  }
}
