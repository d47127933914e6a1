/** Which shipped models work without network: the files of large ones are kept once they are used, or when the user asks. */
import { z } from 'zod';

/** `offline.json` of the build: files that the service worker does not keep at the first visit, and their bytes. */
const laterSchema = z.object({ later: z.record(z.string(), z.number()) });

export interface NotKept {
  /** Model ids. */
  readonly models: readonly string[];
  /** Addresses relative to the page. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/** What parts of the browser this needs; tests bring their own. */
export interface OfflineBrowser {
  /** Whether a service worker keeps files of this page. */
  readonly isOffline: () => boolean;
  readonly fetch: (url: string) => Promise<Response>;
  readonly isKept: (url: string) => Promise<boolean>;
}

export function offlineBrowser(): OfflineBrowser {
  return {
    isOffline: () => navigator.serviceWorker?.controller != null,
    fetch: (url) => window.fetch(url),
    isKept: async (url) => (await caches.match(new URL(url, document.baseURI).href)) !== undefined,
  };
}

/** The shipped models that still need the network; null if none do, or nothing is kept at all (a private window, http). */
export async function modelsNotKept(browser: OfflineBrowser): Promise<NotKept | null> {
  if (!browser.isOffline()) return null;
  const response = await browser.fetch('./offline.json').catch(() => null);
  if (response?.ok !== true) return null;
  const parsed = laterSchema.safeParse(await response.json().catch(() => null));
  if (!parsed.success) return null;
  const missing: [string, number][] = [];
  for (const entry of Object.entries(parsed.data.later)) {
    if (!(await browser.isKept(entry[0]))) missing.push(entry);
  }
  if (missing.length === 0) return null;
  const models = missing.flatMap(([file]) => /models\/([^/]+)\//.exec(file)?.[1] ?? []);
  return {
    models: [...new Set(models)],
    files: missing.map(([file]) => file),
    bytes: missing.reduce((sum, [, bytes]) => sum + bytes, 0),
  };
}

/**
 * Loads the files, which the service worker keeps then.
 * @param onDone called with the number of files so far.
 * @returns whether all of them are kept: the network may fail, and the browser may be out of space.
 */
export async function keepModels(
  browser: OfflineBrowser,
  { files }: NotKept,
  onDone: (done: number) => void,
): Promise<boolean> {
  for (const [i, file] of files.entries()) {
    const response = await browser.fetch(file).catch(() => null);
    await response?.arrayBuffer().catch(() => null);
    onDone(i + 1);
  }
  const kept = await Promise.all(files.map(browser.isKept));
  return kept.every(Boolean);
}
