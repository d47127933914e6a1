/** Has the browser keep the app for work without network. */

/** Registers the service worker of the built app; in development files change too often for one. */
export async function registerOffline(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('./sw.js');
  } catch {
    // Forbidden, as in private windows, or served without encryption: the app works, with network.
  }
}
